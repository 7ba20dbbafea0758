use std::time::Duration;

use crate::app::App;
use crate::security::throttle::KNOWN_CLIENT_LIFETIME;
use crate::store;
use crate::store::expiry::{Expiring, delete_before};

/// The most rows per transaction, so that other writes do not wait long.
const BATCH: i64 = 1000;
/// Access tokens of Django name their account by its address. So a released address is remembered until they have expired:
/// after a day by default, and long before this time in any reasonable configuration.
const RELEASED_EMAIL_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// Deletes a batch of expired rows from each table, and returns their number: 0 if none are left.
pub fn cleanup(app: &App) -> store::Result<usize> {
    let now = app.clock.now();
    let expired = [
        // A session outlives its refresh tokens, so its deletion has few rows to take along.
        (Expiring::RefreshTokens, now),
        (Expiring::Sessions, now),
        (Expiring::Attempts, now),
        (Expiring::KnownClients, now.minus(KNOWN_CLIENT_LIFETIME)),
        (Expiring::ActionTokens, now),
        (Expiring::ReleasedEmails, now.minus(RELEASED_EMAIL_LIFETIME)),
        (Expiring::AuditEntries, now.minus(app.config.audit.kept)),
    ];
    let mut deleted = 0;
    for (rows, moment) in expired {
        deleted += app.store.write(|tx| delete_before(tx, rows, moment, BATCH))?;
    }
    Ok(deleted)
}
