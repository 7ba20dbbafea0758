//! The mutation `refreshToken`: a refresh token is exchanged for its successor.
//!
//! If a token is sent again, either it was copied or the response with its successor was lost. If the successor has been
//! used, it was not lost, so the token was copied and its session ends. Otherwise the token is exchanged again, and the new
//! successor replaces the unused one.

use std::time::Duration;

use super::sessions::{self, Tokens, UnsignedTokens};
use crate::app::App;
use crate::error::{FieldError, Result};
use crate::security::audit::Event;
use crate::security::{Tx, Viewer, second_factor, throttle};
use crate::store;
use crate::store::refresh_tokens::SupersededToken;
use crate::tokens::refresh;

/// How long the use of a replaced successor does not end the session. Parallel requests with one token replace the successors
/// of one another. A replaced successor is rejected, and counts as copied after this time.
const MAX_PARALLEL_DELAY: Duration = Duration::from_mins(1);

/// Exchanges a refresh token for new tokens. Ends the session of a token that was copied.
pub fn refresh(app: &App, viewer: &Viewer, token: &str) -> Result<Tokens> {
    let hash = refresh::hash(token);
    let outcome = Tx::run_anonymous(app, viewer, |tx| {
        let session = match store::refresh_tokens::consume(tx, &hash, tx.now)? {
            Some(session) => Some(session),
            None => store::refresh_tokens::replace_successor(tx, &hash, tx.now)?,
        };
        let Some(session) = session else { return end_if_copied(tx, &hash) };
        match store::sessions::find_owned(tx, &session)? {
            Some(owned) if owned.account.deactivated_at.is_none() => {
                second_factor::require_set_up(tx, &owned.account)?;
                sessions::reissue(tx, &owned, &session, &hash).map(Outcome::Exchanged)
            }
            _ => Ok(Outcome::Invalid),
        }
    })?;
    if let Outcome::Exchanged(tokens) = outcome {
        return tokens.sign(app);
    }
    if matches!(outcome, Outcome::Copied) {
        tracing::warn!("a refresh token was copied, so its session was ended");
    }
    throttle::invalid_token(app, viewer)?;
    Err(FieldError::INVALID_TOKEN.into())
}

enum Outcome {
    Exchanged(UnsignedTokens),
    Invalid,
    Copied,
}

fn end_if_copied(tx: &Tx<'_>, hash: &str) -> Result<Outcome> {
    let superseded = store::refresh_tokens::find_superseded(tx, hash)?;
    let Some(SupersededToken { replaced_at, is_outdated }) = superseded else { return Ok(Outcome::Invalid) };
    let is_copied =
        is_outdated || replaced_at.is_some_and(|replaced| replaced < tx.now.minus(MAX_PARALLEL_DELAY));
    if !is_copied {
        return Ok(Outcome::Invalid);
    }
    if let Some((session, owner)) = store::sessions::delete_by_refresh_token(tx, hash)? {
        tx.record_anonymous(owner, Event::SessionReuseDetected(&session))?;
    }
    Ok(Outcome::Copied)
}
