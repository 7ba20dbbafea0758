//! The deletion of expired rows.

use std::time::Duration;

use crate::app::App;
use crate::error::Result;
use crate::security::throttle::KNOWN_CLIENT_LIFETIME;
use crate::store::{self, Writer};

/// The most rows per transaction, so that other writes do not wait long.
const BATCH: i64 = 1000;
/// Longer than the lifetime of Django's access tokens, which is a day by default.
const RELEASED_EMAIL_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// Deletes a batch of expired rows from each table, and returns their number: 0 if none are left.
pub fn cleanup(app: &App) -> Result<usize> {
    let now = app.clock.now();
    let known_before = now.minus(KNOWN_CLIENT_LIFETIME);
    let audited_before = now.minus(app.config.audit.kept);
    let released_before = now.minus(RELEASED_EMAIL_LIFETIME);
    let delete = |batch: &dyn Fn(&Writer<'_>) -> store::Result<usize>| app.store.write(batch);
    // Refresh tokens are deleted before sessions: deleting a session deletes all its remaining tokens at once.
    let deleted = [
        delete(&|tx| store::refresh_tokens::delete_expired(tx, now, BATCH))?,
        delete(&|tx| store::sessions::delete_expired(tx, now, BATCH))?,
        delete(&|tx| store::attempts::delete_forgotten(tx, now, BATCH))?,
        delete(&|tx| store::known_clients::delete_before(tx, known_before, BATCH))?,
        delete(&|tx| store::action_tokens::delete_expired(tx, now, BATCH))?,
        delete(&|tx| store::released_emails::delete_before(tx, released_before, BATCH))?,
        delete(&|tx| store::audit::delete_before(tx, audited_before, BATCH))?,
    ];
    Ok(deleted.iter().sum())
}
