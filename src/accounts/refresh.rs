//! The mutation `refreshToken`: each refresh token is exchanged once for its successor.
//!
//! If a token is used again, either it was copied or the response with its successor was lost. A successor that has been
//! used was not lost.

use std::time::Duration;

use super::sessions::{self, Tokens};
use crate::app::App;
use crate::error::{FieldError, Result};
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, throttle};
use crate::store;
use crate::store::refresh_tokens::SupersededToken;
use crate::tokens::refresh;

/// Parallel requests of one client arrive within this time. A replaced token that is used later was copied.
const MAX_PARALLEL_DELAY: Duration = Duration::from_mins(1);

/// Exchanges a refresh token for new tokens. A token can be exchanged repeatedly until one of its successors is used. After
/// that it is treated as copied, and its session ends.
pub fn refresh(app: &App, viewer: &Viewer, token: &str) -> Result<Tokens> {
    let hash = refresh::hash(token);
    let tokens = Tx::run_anonymous(app, viewer, |tx| {
        let session = match store::refresh_tokens::consume(tx, &hash, tx.now)? {
            Some(session) => Some(session),
            None => store::refresh_tokens::replace_successor(tx, &hash, tx.now)?,
        };
        let Some(session) = session else { return end_if_copied(tx, &hash).map(|()| None) };
        match store::sessions::find_owner(tx, &session)? {
            Some((account, began_at)) if account.deactivated_at.is_none() => {
                sessions::reissue(tx, &account, &session, began_at, &hash).map(Some)
            }
            _ => Ok(None),
        }
    })?;
    if tokens.is_none() {
        throttle::invalid_token(app, viewer)?;
    }
    Ok(tokens.ok_or(FieldError::INVALID_TOKEN)?)
}

fn end_if_copied(tx: &Tx<'_>, hash: &str) -> Result<()> {
    let superseded = store::refresh_tokens::find_superseded(tx, hash)?;
    let Some(SupersededToken { replaced_at, is_outdated }) = superseded else { return Ok(()) };
    if is_outdated || replaced_at.is_some_and(|replaced| replaced < tx.now.minus(MAX_PARALLEL_DELAY)) {
        tracing::warn!("a refresh token was used twice, so its session was ended");
        if let Some((session, owner)) = store::sessions::delete_by_refresh_token(tx, hash)? {
            tx.record_anonymous(owner, Event::SessionReuseDetected(&session))?;
        }
    }
    Ok(())
}
