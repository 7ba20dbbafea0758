//! Accounts and their addresses.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::batch::{escape_like, rows_for};
use super::memberships::{MemberRole, Membership, membership};
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

/// The id of an account, which is never reused.
pub type AccountId = i64;

/// An account. It does not contain the password hash, which is read only where it is needed.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: AccountId,
    /// Unique, any characters.
    pub username: String,
    /// The primary address as it was entered.
    pub email: String,
    /// The confirmed secondary address.
    pub secondary_email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    /// `PROF`, `DR` or empty.
    pub academic_title: String,
    /// Incremented to revoke all access tokens of the account.
    pub epoch: i64,
    /// When the epoch was last incremented.
    pub epoch_began_at: Option<Timestamp>,
    /// Whether the account is a member of staff.
    pub is_staff: bool,
    pub joined_at: Timestamp,
    /// When the primary address was confirmed.
    pub verified_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
    pub deactivated_at: Option<Timestamp>,
    /// Whether activation ends the password, because a new one was requested before.
    pub activation_ends_password: bool,
    pub membership: Option<Membership>,
}

impl Account {
    /// Returns the working group that the account represents.
    pub fn represents(&self) -> Option<&str> {
        let speaks = |membership: &&Membership| membership.role == MemberRole::Representative;
        self.membership.as_ref().filter(speaks).map(|membership| membership.group.as_str())
    }

    /// Whether it may be in a working group: its address is confirmed, and it is not deactivated.
    pub fn is_verified_and_active(&self) -> bool {
        self.verified_at.is_some() && self.deactivated_at.is_none()
    }

    pub fn is_member_of(&self, group: &str) -> bool {
        self.membership.as_ref().is_some_and(|membership| membership.group == group)
    }

    /// Returns the name of the owner as others see it: first and last name as far as they are known, otherwise
    /// [`Self::salutation`].
    pub fn full_name(&self) -> String {
        let names = format!("{} {}", self.first_name, self.last_name);
        match names.trim() {
            "" => self.salutation().to_owned(),
            names => names.to_owned(),
        }
    }

    /// Returns the name of the owner in mails: the username, or the address if the username is only the id of the
    /// account.
    pub fn salutation(&self) -> &str {
        let number = self.username.split('-').next().unwrap_or_default();
        if number == self.id.to_string() { &self.email } else { &self.username }
    }

    /// Returns the name of the owner in mails to unconfirmed addresses. Strangers choose usernames and must not use
    /// the server to send their words to others, so only a username that is one plain word is used.
    pub fn plain_salutation(&self) -> &str {
        let name = self.salutation();
        let is_plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
        let is_name = name.chars().count() <= LONGEST_PLAIN_NAME && name.chars().all(is_plain);
        if is_name { name } else { &self.email }
    }
}

/// Longer words are not names.
const LONGEST_PLAIN_NAME: usize = 40;

/// An account to add.
pub struct NewAccount<'a> {
    pub username: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    /// `PROF`, `DR` or empty.
    pub academic_title: &'a str,
    /// `None` if the account has no password.
    pub password_hash: Option<&'a str>,
    pub is_staff: bool,
    pub joined_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
    pub deactivated_at: Option<Timestamp>,
}

/// The role of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Primary,
    Secondary,
}

impl Role {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

/// A filter for lists of accounts. All conditions must hold.
#[derive(Debug, Default, Clone)]
pub struct Filter {
    pub id: Option<AccountId>,
    /// The key of the primary address.
    pub email_key: Option<String>,
    /// The key of the secondary address.
    pub secondary_email_key: Option<String>,
    /// The exact username.
    pub username: Option<String>,
    /// A part of the username, in any case.
    pub username_contains: Option<String>,
    /// The beginning of the username, in any case.
    pub username_starts_with: Option<String>,
    /// Not deactivated.
    pub active: Option<bool>,
    pub archived: Option<bool>,
    pub verified: Option<bool>,
}

pub(super) const COLUMNS: &str = "a.id, a.username, p.email, s.email, a.first_name, a.last_name, a.academic_title, a.epoch, \
     a.epoch_began_at, a.is_staff, a.joined_at, a.verified_at, a.archived_at, a.deactivated_at, \
     a.activation_ends_password, m.working_group_id, m.role";
pub(super) const TABLES: &str = "accounts a \
     JOIN email_addresses p ON p.account_id = a.id AND p.role = 'primary' \
     LEFT JOIN email_addresses s ON s.account_id = a.id AND s.role = 'secondary' \
     LEFT JOIN memberships m ON m.account_id = a.id";

pub(super) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let moment = |column: usize| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
    };
    Ok(Account {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        secondary_email: row.get(3)?,
        first_name: row.get(4)?,
        last_name: row.get(5)?,
        academic_title: row.get(6)?,
        epoch: row.get(7)?,
        epoch_began_at: moment(8)?,
        is_staff: row.get(9)?,
        joined_at: Timestamp::from_micros(row.get(10)?),
        verified_at: moment(11)?,
        archived_at: moment(12)?,
        deactivated_at: moment(13)?,
        activation_ends_password: row.get(14)?,
        membership: membership(row, 15)?,
    })
}

pub fn find_by_id(db: &Reader<'_>, id: AccountId) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.id = $1");
    Ok(db.0.prepare_cached(&sql)?.query_row(params![id], account).optional()?)
}

pub fn list_by_ids(db: &Reader<'_>, ids: &[AccountId]) -> Result<Vec<Account>> {
    rows_for(db, ids, |keys| format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.id IN ({keys})"), account)
}

/// Returns the first `limit` accounts after the id `after`, ordered by id, with their password hashes.
pub fn list_with_hashes(
    db: &Reader<'_>,
    after: AccountId,
    limit: i64,
) -> Result<Vec<(Account, Option<String>)>> {
    let sql =
        format!("SELECT {COLUMNS}, a.password_hash FROM {TABLES} WHERE a.id > $1 ORDER BY a.id LIMIT $2");
    let mut statement = db.0.prepare_cached(&sql)?;
    let accounts = statement.query_map(params![after, limit], |row| Ok((account(row)?, row.get(17)?)))?;
    Ok(accounts.collect::<rusqlite::Result<_>>()?)
}

/// Returns the account that has this address, primary or secondary.
pub fn find_by_email(db: &Reader<'_>, email_key: &str) -> Result<Option<Account>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE a.id = (SELECT account_id FROM email_addresses WHERE email_key = $1)"
    );
    Ok(db.0.prepare_cached(&sql)?.query_row(params![email_key], account).optional()?)
}

/// Returns the account with this exact username.
pub fn find_by_username(db: &Reader<'_>, username: &str) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS} FROM {TABLES} WHERE a.username = $1");
    Ok(db.0.prepare_cached(&sql)?.query_row(params![username], account).optional()?)
}

pub fn is_username_taken(db: &Reader<'_>, username: &str) -> Result<bool> {
    Ok(db.0.prepare_cached("SELECT 1 FROM accounts WHERE username = $1")?.exists(params![username])?)
}

/// Returns the password hash of an account; `None` if the account has no password.
pub fn find_password_hash(db: &Reader<'_>, id: AccountId) -> Result<Option<String>> {
    let sql = "SELECT password_hash FROM accounts WHERE id = $1";
    Ok(db.0.prepare_cached(sql)?.query_row(params![id], |row| row.get(0)).optional()?.flatten())
}

/// Returns the number of accounts that match the filter.
pub fn count(db: &Reader<'_>, filter: &Filter) -> Result<i64> {
    let (conditions, values) = conditions(filter);
    let sql = format!("SELECT COUNT(*) FROM {TABLES} WHERE {conditions}");
    Ok(db.0.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?)
}

/// Returns the accounts that match the filter, ordered by id: `limit` of them after the first `offset`.
pub fn list(db: &Reader<'_>, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Account>> {
    let (conditions, mut values) = conditions(filter);
    values.push(limit.into());
    values.push(offset.into());
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLES} WHERE {conditions} ORDER BY a.id LIMIT ${limit} OFFSET ${offset}"
    );
    let mut statement = db.0.prepare_cached(&sql)?;
    let accounts =
        statement.query_map(params_from_iter(values), account)?.collect::<rusqlite::Result<_>>()?;
    Ok(accounts)
}

/// Longer than any username in bytes, and shorter than the limit of a `LIKE` pattern.
const LONGEST_PATTERN: usize = 4096;

fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    // SQLite ends a pattern at NUL and rejects long patterns. No username contains NUL or is as long.
    let patterns = [&filter.username_contains, &filter.username_starts_with];
    if patterns.into_iter().flatten().any(|text| text.contains('\0') || text.len() > LONGEST_PATTERN) {
        return ("1 = 0".to_owned(), Vec::new());
    }
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut with_value = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push(condition.replace("$n", &format!("${}", values.len())));
        }
    };
    let pattern = |text: &str| escape_like(&text.to_lowercase());
    with_value("a.id = $n", filter.id.map(Value::from));
    with_value("p.email_key = $n", filter.email_key.clone().map(Value::from));
    with_value("s.email_key = $n", filter.secondary_email_key.clone().map(Value::from));
    with_value("a.username = $n", filter.username.clone().map(Value::from));
    let contains = filter.username_contains.as_deref().map(|text| format!("%{}%", pattern(text)).into());
    with_value("a.username_key LIKE $n ESCAPE '\\'", contains);
    let starts = filter.username_starts_with.as_deref().map(|text| format!("{}%", pattern(text)).into());
    with_value("a.username_key LIKE $n ESCAPE '\\'", starts);
    let mut happened = |column: &str, wanted: Option<bool>| {
        if let Some(wanted) = wanted {
            conditions.push(format!("a.{column} IS {}", if wanted { "NOT NULL" } else { "NULL" }));
        }
    };
    happened("deactivated_at", filter.active.map(|active| !active));
    happened("archived_at", filter.archived);
    happened("verified_at", filter.verified);
    (conditions.join(" AND "), values)
}

/// Adds an account, which also needs a primary address. Returns `None` if the username is taken.
pub fn insert(db: &Writer<'_>, new: &NewAccount<'_>) -> Result<Option<AccountId>> {
    let sql = "INSERT INTO accounts (username, username_key, first_name, last_name, academic_title, password_hash, \
         epoch, is_staff, joined_at, verified_at, archived_at, deactivated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11) \
         ON CONFLICT (username) DO NOTHING RETURNING id";
    let values = params![
        new.username,
        new.username.to_lowercase(),
        new.first_name,
        new.last_name,
        new.academic_title,
        new.password_hash,
        i64::from(new.is_staff),
        new.joined_at.micros(),
        new.verified_at.map(Timestamp::micros),
        new.archived_at.map(Timestamp::micros),
        new.deactivated_at.map(Timestamp::micros),
    ];
    Ok(db.0.0.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
}

/// Adds an address to an account. Returns false if an account has the address already.
pub fn insert_email(
    db: &Writer<'_>,
    id: AccountId,
    email: &str,
    email_key: &str,
    role: Role,
) -> Result<bool> {
    let sql = "INSERT INTO email_addresses (email_key, email, account_id, role) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (email_key) DO NOTHING";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![email_key, email, id, role.as_str()])? == 1)
}

/// Removes an address from an account. Returns false if the account has no address of that role.
pub fn delete_email(db: &Writer<'_>, id: AccountId, role: Role) -> Result<bool> {
    let sql = "DELETE FROM email_addresses WHERE account_id = $1 AND role = $2";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![id, role.as_str()])? == 1)
}

/// Changes the username. Returns false if another account has it.
pub fn set_username(db: &Writer<'_>, id: AccountId, username: &str) -> Result<bool> {
    let sql = "UPDATE accounts SET username = $1, username_key = $2 WHERE id = $3 \
         AND NOT EXISTS (SELECT 1 FROM accounts WHERE username = $1)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![username, username.to_lowercase(), id])? == 1)
}

/// Changes names and academic title.
pub fn set_profile(db: &Writer<'_>, id: AccountId, first: &str, last: &str, title: &str) -> Result<()> {
    let sql = "UPDATE accounts SET first_name = $1, last_name = $2, academic_title = $3 WHERE id = $4";
    db.0.0.prepare_cached(sql)?.execute(params![first, last, title, id])?;
    Ok(())
}

/// Sets or clears when the address was confirmed. Returns whether that is a change.
pub fn set_verified(db: &Writer<'_>, id: AccountId, at: Option<Timestamp>) -> Result<bool> {
    let sql =
        "UPDATE accounts SET verified_at = $1 WHERE id = $2 AND (verified_at IS NULL) = ($1 IS NOT NULL)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![at.map(Timestamp::micros), id])? == 1)
}

/// Archives or unarchives the account. Returns whether that is a change.
pub fn set_archived(db: &Writer<'_>, id: AccountId, at: Option<Timestamp>) -> Result<bool> {
    let sql =
        "UPDATE accounts SET archived_at = $1 WHERE id = $2 AND (archived_at IS NULL) = ($1 IS NOT NULL)";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![at.map(Timestamp::micros), id])? == 1)
}

/// Replaces the password hash with another hash of the same password, unless the password has changed in the
/// meantime.
pub fn replace_password_hash(db: &Writer<'_>, id: AccountId, from: &str, to: &str) -> Result<()> {
    let sql = "UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3";
    db.0.0.prepare_cached(sql)?.execute(params![to, id, from])?;
    Ok(())
}

/// Sets the password hash. Returns false if `epoch` is no longer the current one, for example after another change of
/// the password.
pub fn set_password_hash(db: &Writer<'_>, id: AccountId, epoch: i64, hash: &str) -> Result<bool> {
    let sql =
        "UPDATE accounts SET password_hash = $1, activation_ends_password = 0 WHERE id = $2 AND epoch = $3";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![hash, id, epoch])? == 1)
}

/// Removes the password. Nobody can log in with a password until a new one is set.
pub fn delete_password_hash(db: &Writer<'_>, id: AccountId) -> Result<()> {
    let sql = "UPDATE accounts SET password_hash = NULL WHERE id = $1";
    db.0.0.prepare_cached(sql)?.execute(params![id])?;
    Ok(())
}

/// Makes the activation of the account end its password.
pub fn set_activation_ends_password(db: &Writer<'_>, id: AccountId) -> Result<()> {
    let sql = "UPDATE accounts SET activation_ends_password = 1 WHERE id = $1";
    db.0.0.prepare_cached(sql)?.execute(params![id])?;
    Ok(())
}

/// Deactivates the account. Returns false if it is deactivated already.
pub fn set_deactivated(db: &Writer<'_>, id: AccountId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE accounts SET deactivated_at = $1 WHERE id = $2 AND deactivated_at IS NULL";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![now.micros(), id])? == 1)
}

/// Reactivates the account. Returns false if it is active.
pub fn set_activated(db: &Writer<'_>, id: AccountId) -> Result<bool> {
    let sql = "UPDATE accounts SET deactivated_at = NULL WHERE id = $1 AND deactivated_at IS NOT NULL";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![id])? == 1)
}

/// Changes whether the account is a member of staff. Returns false if nothing changes.
pub fn set_staff(db: &Writer<'_>, id: AccountId, is_staff: bool) -> Result<bool> {
    let sql = "UPDATE accounts SET is_staff = $1 WHERE id = $2 AND is_staff <> $1";
    Ok(db.0.0.prepare_cached(sql)?.execute(params![i64::from(is_staff), id])? == 1)
}

/// Revokes all access tokens of the account and returns the new epoch.
pub fn begin_epoch(db: &Writer<'_>, id: AccountId, now: Timestamp) -> Result<i64> {
    let sql = "UPDATE accounts SET epoch = epoch + 1, epoch_began_at = $1 WHERE id = $2 RETURNING epoch";
    Ok(db.0.0.prepare_cached(sql)?.query_row(params![now.micros(), id], |row| row.get(0))?)
}

/// Erases the account and everything that belongs to it.
pub fn delete(db: &Writer<'_>, id: AccountId) -> Result<()> {
    db.0.0.prepare_cached("DELETE FROM accounts WHERE id = $1")?.execute(params![id])?;
    Ok(())
}
