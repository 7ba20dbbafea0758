//! What has expired is of no use to anybody, and goes.

use std::time::Duration;

use super::{Result, throttle};
use crate::app::App;
use crate::store::{self, Writer};

/// Rows that go in one transaction, so that nobody who writes waits for long.
const AT_A_TIME: i64 = 1000;
/// Longer than any site will have let Django's access tokens live; a day is its default.
const RELEASED_EMAILS_KEPT: Duration = Duration::from_hours(90 * 24);

/// Sweeps some of what has expired, and answers how much that was: nothing, once all is swept.
///
/// # Errors
/// Only internal ones.
pub fn cleanup(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let clients_before = now.minus(throttle::CLIENTS_KEPT);
    let audited_before = now.minus(app.config.audit.kept);
    let released_before = now.minus(RELEASED_EMAILS_KEPT);
    // A session outlives its refresh tokens, so that few are left to go with it.
    let swept = [
        in_turn(app, |tx| store::refresh_tokens::delete_expired(tx, now, AT_A_TIME))?,
        in_turn(app, |tx| store::sessions::delete_expired(tx, now, AT_A_TIME))?,
        in_turn(app, |tx| store::attempts::delete_forgotten(tx, now, AT_A_TIME))?,
        in_turn(app, |tx| store::known_clients::delete_before(tx, clients_before, AT_A_TIME))?,
        in_turn(app, |tx| store::action_tokens::delete_expired(tx, now, AT_A_TIME))?,
        in_turn(app, |tx| store::released_emails::delete_before(tx, released_before, AT_A_TIME))?,
        in_turn(app, |tx| store::audit::delete_before(tx, audited_before, AT_A_TIME))?,
    ];
    Ok(swept.iter().sum())
}

fn in_turn(app: &App, work: impl FnOnce(&Writer<'_>) -> store::Result<usize>) -> Result<usize> {
    Ok(app.store.write(work)?)
}
