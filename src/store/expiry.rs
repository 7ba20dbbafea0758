use super::{Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, Copy)]
pub enum Expiring {
    ActionTokens,
    Attempts,
    AuditEntries,
    KnownClients,
    RefreshTokens,
    ReleasedEmails,
    Sessions,
}

/// Deletes at most `limit` rows whose time is before `moment`, and returns their number.
pub fn delete_before(db: &Writer<'_>, rows: Expiring, moment: Timestamp, limit: i64) -> Result<usize> {
    let (table, time) = match rows {
        Expiring::ActionTokens => ("spent_action_tokens", "expires_at"),
        Expiring::Attempts => ("attempts", "forgotten_at"),
        Expiring::AuditEntries => ("audit", "at"),
        Expiring::KnownClients => ("known_clients", "seen_at"),
        Expiring::RefreshTokens => ("refresh_tokens", "expires_at"),
        Expiring::ReleasedEmails => ("released_emails", "released_at"),
        Expiring::Sessions => ("sessions", "expires_at"),
    };
    let sql =
        format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {time} < $1 LIMIT $2)");
    db.change_many(&sql, (moment, limit))
}
