use std::time::Duration;

use super::erasure::erase_unverified;
use crate::app::App;
use crate::security::throttle::KNOWN_CLIENT_LIFETIME;
use crate::store::expiry::{Expiring, delete_before};
use crate::store::{self, erased_accounts};

/// The most rows per transaction, so that other writes do not wait long.
const BATCH: i64 = 1000;
/// Access tokens of Django name their account by its address. So a released address is remembered until they have expired:
/// after a day by default, and long before this time in any reasonable configuration.
const RELEASED_EMAIL_LIFETIME: Duration = Duration::from_hours(90 * 24);
/// How long the page of an invitation says that it has expired, instead of that there is none.
const EXPIRED_INVITATION_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// Deletes a batch of expired rows from each table, and returns their number: 0 if none are left.
pub fn cleanup(app: &App) -> store::Result<usize> {
    let now = app.clock.now();
    let retention = &app.config.retention;
    let expired = [
        // A session outlives its refresh tokens, so its deletion has few rows to take along.
        (Expiring::RefreshTokens, now),
        (Expiring::Sessions, now),
        (Expiring::Attempts, now),
        (Expiring::KnownClients, now.minus(KNOWN_CLIENT_LIFETIME)),
        (Expiring::ActionTokens, now),
        (Expiring::ReleasedEmails, now.minus(RELEASED_EMAIL_LIFETIME)),
        (Expiring::AuditEntries, now.minus(app.config.audit.kept)),
        (Expiring::Invitations, now.minus(EXPIRED_INVITATION_LIFETIME)),
        (Expiring::ErasedAccounts, now.minus(retention.erased_accounts)),
    ];
    let mut deleted = delete_audit_of_erased(app)?;
    for (rows, moment) in expired {
        deleted += app.store.write(|tx| delete_before(tx, rows, moment, BATCH))?;
    }
    Ok(deleted + erase_unverified(app)?)
}

/// Deletes audit entries of accounts that were erased long enough ago. Entries of those that were erased before `audit.kept`
/// are already gone, so few erased accounts are looked up.
fn delete_audit_of_erased(app: &App) -> store::Result<usize> {
    let now = app.clock.now();
    let (after, before) = (now.minus(app.config.audit.kept), now.minus(app.config.retention.audit_of_erased));
    // Most calls find nothing, and unlike a write, a read blocks no writer.
    if !app.store.read_latest(|db| erased_accounts::have_audit(db, after, before))? {
        return Ok(0);
    }
    app.store.write(|tx| erased_accounts::delete_audit(tx, after, before, BATCH))
}
