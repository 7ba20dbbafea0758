//! `refreshToken`: each refresh token is exchanged once for its successor.
//!
//! A token that is used again was either copied, or the response with its successor was lost. Whether the successor has
//! been used distinguishes the two as far as possible.

use std::time::Duration;

use super::sessions::{self, Rotation, Tokens};
use crate::app::App;
use crate::error::Result;
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, throttle};
use crate::store;
use crate::store::refresh_tokens::SupersededToken;
use crate::tokens::refresh;

/// Parallel requests of one client arrive within this time. A replaced token that is used later was copied.
const PARALLEL: Duration = Duration::from_mins(1);

/// Exchanges a refresh token for new tokens. A token that was exchanged before is exchanged again until one of the tokens
/// it was exchanged for is used. After that it counts as copied, and its session ends.
pub fn refresh(app: &App, viewer: &Viewer, token: &str) -> Result<Tokens> {
    let hash = refresh::hash(token);
    let tokens = Tx::run_anonymous(app, viewer, |tx| {
        let session = match store::refresh_tokens::consume(tx, &hash, tx.now)? {
            Some(session) => Some(session),
            None => store::refresh_tokens::replace_successor(tx, &hash, tx.now)?,
        };
        let Some(session) = session else { return end_if_copied(tx, &hash).map(|()| None) };
        let owner = store::sessions::find_owner(tx, &session)?;
        let owner = owner.filter(|(account, _)| account.deactivated_at.is_none());
        let reissue = |(account, began_at)| {
            let rotation = Rotation { hash: &hash, session: &session, began_at };
            sessions::reissue(tx, &account, &rotation)
        };
        owner.map(reissue).transpose()
    })?;
    match tokens {
        Some(tokens) => Ok(tokens),
        None => throttle::reject_token(app, viewer),
    }
}

fn end_if_copied(tx: &Tx<'_>, hash: &str) -> Result<()> {
    let superseded = store::refresh_tokens::find_superseded(tx, hash)?;
    let Some(SupersededToken { replaced_at, is_outdated }) = superseded else { return Ok(()) };
    let is_parallel = |replaced| replaced >= tx.now.minus(PARALLEL);
    if is_outdated || replaced_at.is_some_and(|replaced| !is_parallel(replaced)) {
        tracing::warn!("a refresh token was used twice, so its session ends");
        if let Some((session, owner)) = store::sessions::delete_by_refresh_token(tx, hash)? {
            tx.record_anonymous(owner, Event::SessionReuseDetected(&session))?;
        }
    }
    Ok(())
}
