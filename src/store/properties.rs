//! Facts about the database as a whole.

use super::{Reader, Result, Writer};

#[derive(Debug, Clone, Copy, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Property {
    /// The schema of the oldest program that can use the database.
    CompatibleSince,
    /// Identifies the secret key of the servers that share the database.
    KeyFingerprint,
    /// The version of the keys of all addresses.
    EmailKeyVersion,
    /// The models of the Django site that was imported, in JSON.
    DjangoModels,
    /// The time in microseconds until which refresh tokens of Django have been imported.
    DjangoTokensUntil,
    /// The domain of the passkeys that were registered last.
    PasskeyDomain,
    /// The time in microseconds of the last backup by `backup`.
    LastBackup,
}

pub fn find(db: &Reader<'_>, property: Property) -> Result<Option<String>> {
    db.find("SELECT value FROM properties WHERE name = $1", [property.into_str()], |row| row.get(0))
}

pub fn upsert(db: &Writer<'_>, property: Property, value: &str) -> Result<()> {
    let sql = "INSERT INTO properties (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.execute(sql, (property.into_str(), value))
}
