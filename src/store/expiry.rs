use super::{Result, Writer};
use crate::clock::Timestamp;

#[derive(Debug, Clone, Copy)]
pub enum Expiring {
    ActionTokens,
    Attempts,
    AuditEntries,
    ErasedAccounts,
    Invitations,
    KnownClients,
    RefreshTokens,
    ReleasedEmails,
    Sessions,
}

/// Deletes at most `limit` rows whose time is before `moment`, and returns their number.
pub fn delete_before(db: &Writer<'_>, rows: Expiring, moment: Timestamp, limit: i64) -> Result<usize> {
    let (table, key, time) = match rows {
        Expiring::ActionTokens => ("spent_action_tokens", "token_hash", "expires_at"),
        Expiring::Attempts => ("attempts", "name", "forgotten_at"),
        Expiring::AuditEntries => ("audit", "id", "at"),
        Expiring::ErasedAccounts => ("erased_accounts", "account_id", "erased_at"),
        Expiring::Invitations => ("invitations", "id", "expires_at"),
        Expiring::KnownClients => ("known_clients", "account_id, network", "seen_at"),
        Expiring::RefreshTokens => ("refresh_tokens", "token_hash", "expires_at"),
        Expiring::ReleasedEmails => ("released_emails", "address_hash", "released_at"),
        Expiring::Sessions => ("sessions", "id", "expires_at"),
    };
    let sql = format!(
        "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {time} < $1 LIMIT $2)"
    );
    db.change_many(&sql, (moment, limit))
}
