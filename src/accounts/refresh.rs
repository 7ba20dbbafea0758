//! `refreshToken`: each refresh token is turned in once, for its successor.
//!
//! A token that comes a second time is either that of a client which never got its answer, or a copy. Whether the
//! successor has been used tells the two apart, as far as they can be told.

use std::time::Duration;

use super::audit::{Actor, Event};
use super::sessions::{self, Rotation, Tokens};
use super::{FieldError, Result, Viewer, audit, throttle};
use crate::app::App;
use crate::store::refresh_tokens::SupersededToken;
use crate::store::{self, Writer};
use crate::tokens::refresh;

/// Requests of one client that crossed each other come within this time; a replaced token that comes later has been
/// copied.
const CROSSING: Duration = Duration::from_mins(1);

/// Turns a refresh token in for new tokens. One that was turned in already brings others as long as those that it
/// brought were not used; once they were, it has been copied, and its session ends.
///
/// # Errors
/// A refusal if the token is not good.
pub fn refresh(app: &App, viewer: &Viewer, token: &str) -> Result<Tokens> {
    throttle::token(app, viewer, || turn_in(app, viewer, token))
}

fn turn_in(app: &App, viewer: &Viewer, token: &str) -> Result<Tokens> {
    let (hash, now) = (refresh::hash(token), app.clock.now());
    let tokens = app.write(|tx| -> Result<_> {
        let session = match store::refresh_tokens::consume(tx, &hash, now)? {
            Some(session) => Some(session),
            None => store::refresh_tokens::replace_successor(tx, &hash, now)?,
        };
        let Some(session) = session else {
            return end_if_copied(app, tx, viewer, &hash).map(|()| None);
        };
        let owner = store::sessions::find_owner(tx, &session)?;
        let owner = owner.filter(|(account, _)| account.deactivated_at.is_none());
        let reissue = |(account, began_at)| {
            let turned_in = Rotation { hash: &hash, session: &session, began_at };
            sessions::reissue(app, tx, &account, &turned_in, viewer.client())
        };
        owner.map(reissue).transpose()
    })?;
    tokens.ok_or_else(|| FieldError::INVALID_TOKEN.into())
}

/// Ends the session of a token that only somebody else can have sent.
fn end_if_copied(app: &App, tx: &Writer<'_>, viewer: &Viewer, hash: &str) -> Result<()> {
    let Some(SupersededToken { replaced_at, is_outdated }) =
        store::refresh_tokens::find_superseded(tx, hash)?
    else {
        return Ok(());
    };
    let long_ago = app.clock.now().minus(CROSSING);
    if is_outdated || replaced_at.is_some_and(|replaced| replaced < long_ago) {
        tracing::warn!("a refresh token was used twice; its session is ended");
        if let Some((session, owner)) = store::sessions::delete_by_refresh_token(tx, hash)? {
            let event = Event::SessionReuseDetected(&session);
            audit::record(app, tx, Actor::Somebody(viewer), owner, event)?;
        }
    }
    Ok(())
}
