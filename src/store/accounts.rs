//! Accounts and their addresses.

mod count;
mod filter;
mod membership;
mod names;
mod profile;
pub mod transfer;
mod unverified;

use super::groups::GroupId;
use super::statement::Row;
use super::value::ToValue as _;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

pub use count::{Counts, count_all};
pub use filter::Filter;
use membership::read_membership;
pub use membership::{MemberRole, Membership};
pub use profile::{set_language, set_profile};
pub use unverified::list_expired;

/// The id of an account, which is never reused.
pub type AccountId = i64;

/// An account, without its password hash, which is read only where it is needed.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: AccountId,
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
    pub epoch_began_at: Option<Timestamp>,
    pub is_staff: bool,
    pub joined_at: Timestamp,
    /// When the primary address was confirmed.
    pub verified_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
    pub deactivated_at: Option<Timestamp>,
    /// Whether confirming the primary address also removes the password. A stranger may have chosen it if a password reset
    /// was requested earlier.
    pub activation_ends_password: bool,
    /// The last login to the admin site of Django. Logins here do not change it, as those by GraphQL did not in the original.
    pub last_login_at: Option<Timestamp>,
    /// The code of the language that the owner chose for pages and mails.
    pub language: Option<String>,
    pub membership: Option<Membership>,
}

impl Account {
    /// Returns the working group that the account represents.
    pub fn represents(&self) -> Option<&str> {
        let membership = self.membership.as_ref()?;
        (membership.role == MemberRole::Representative).then_some(membership.group.as_str())
    }

    /// Whether the account may be in a working group.
    pub fn is_verified_and_active(&self) -> bool {
        self.verified_at.is_some() && self.deactivated_at.is_none()
    }

    pub fn is_member_of(&self, group: &str) -> bool {
        self.membership.as_ref().is_some_and(|membership| membership.group == group)
    }
}

pub struct NewAccount<'a> {
    pub username: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub academic_title: &'a str,
    pub password_hash: Option<&'a str>,
    pub is_staff: bool,
    pub joined_at: Timestamp,
    pub verified_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
    pub deactivated_at: Option<Timestamp>,
    /// When the account is added to this database. An imported account joined earlier.
    pub added_at: Timestamp,
    pub language: Option<&'a str>,
    /// The version of the terms that the owner accepts by registering.
    pub terms_version: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Role {
    Primary,
    Secondary,
}

pub(super) const COLUMNS: &str = "a.id, a.username, p.email, s.email, a.first_name, a.last_name, a.academic_title, a.epoch, \
     a.epoch_began_at, a.is_staff, a.joined_at, a.verified_at, a.archived_at, a.deactivated_at, \
     a.activation_ends_password, a.last_login_at, a.language, m.working_group_id, m.role";
/// The number of [`COLUMNS`]: the first column after them.
pub(super) const COLUMN_COUNT: usize = 19;
pub(super) const TABLES: &str = "accounts a \
     JOIN email_addresses p ON p.account_id = a.id AND p.role = 'primary' \
     LEFT JOIN email_addresses s ON s.account_id = a.id AND s.role = 'secondary' \
     LEFT JOIN memberships m ON m.account_id = a.id";

/// Returns a statement for [`read_account`].
pub(super) fn select_where(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM {TABLES} WHERE {condition}")
}

pub(super) fn read_account(row: &Row<'_>) -> Result<Account> {
    Ok(Account {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        secondary_email: row.get(3)?,
        first_name: row.get(4)?,
        last_name: row.get(5)?,
        academic_title: row.get(6)?,
        epoch: row.get(7)?,
        epoch_began_at: row.get(8)?,
        is_staff: row.get(9)?,
        joined_at: row.get(10)?,
        verified_at: row.get(11)?,
        archived_at: row.get(12)?,
        deactivated_at: row.get(13)?,
        activation_ends_password: row.get(14)?,
        last_login_at: row.get(15)?,
        language: row.get(16)?,
        membership: read_membership(row, 17)?,
    })
}

pub fn find_by_id(db: &Reader<'_>, id: AccountId) -> Result<Option<Account>> {
    db.find(&select_where("a.id = $1"), [id], read_account)
}

pub fn list_by_ids(db: &Reader<'_>, ids: &[AccountId]) -> Result<Vec<Account>> {
    db.list_by_keys(&select_where("a.id IN ($keys)"), ids, read_account)
}

/// Returns the account that has this address, primary or secondary.
pub fn find_by_email(db: &Reader<'_>, email_key: &str) -> Result<Option<Account>> {
    let sql = select_where("a.id = (SELECT account_id FROM email_addresses WHERE email_key = $1)");
    db.find(&sql, [email_key], read_account)
}

pub fn find_by_username(db: &Reader<'_>, username: &str) -> Result<Option<Account>> {
    db.find(&select_where("a.username = $1"), [username], read_account)
}

pub fn find_password_hash(db: &Reader<'_>, id: AccountId) -> Result<Option<String>> {
    let sql = "SELECT password_hash FROM accounts WHERE id = $1";
    Ok(db.find(sql, [id], |row| row.get(0))?.flatten())
}

/// Counts the accounts that match the filter, up to `max`. Stops there, because a count of a whole table takes long.
pub fn count_up_to(db: &Reader<'_>, filter: &Filter, max: i64) -> Result<i64> {
    let (condition, mut values) = filter.to_sql();
    values.push(max.to_value());
    let limit = values.len();
    let sql =
        format!("SELECT COUNT(*) FROM (SELECT 1 FROM {TABLES} WHERE {condition} LIMIT ${limit}) AS matches");
    db.value(&sql, values)
}

/// Returns the accounts that match the filter, ordered by id: `limit` of them after the first `offset`.
pub fn list(db: &Reader<'_>, filter: &Filter, offset: i64, limit: i64) -> Result<Vec<Account>> {
    let (condition, mut values) = filter.to_sql();
    values.extend([limit.to_value(), offset.to_value()]);
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = select_where(&format!("{condition} ORDER BY a.id LIMIT ${limit} OFFSET ${offset}"));
    db.list(&sql, values, read_account)
}

/// Returns the members of these groups in order of registration.
pub fn list_by_groups(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<Account>> {
    db.list_by_keys(&select_where("m.working_group_id IN ($keys) ORDER BY a.id"), groups, read_account)
}

pub fn list_representatives(db: &Reader<'_>, groups: &[GroupId]) -> Result<Vec<Account>> {
    let sql = select_where("m.role = 'representative' AND m.working_group_id IN ($keys)");
    db.list_by_keys(&sql, groups, read_account)
}

/// Adds an account. Returns `None` if the username is taken. [`insert_email`] must add a primary address.
pub fn insert(db: &Writer<'_>, new: &NewAccount<'_>) -> Result<Option<AccountId>> {
    let sql = "INSERT INTO accounts (username, username_key, first_name, last_name, academic_title, password_hash, \
         epoch, is_staff, joined_at, verified_at, archived_at, deactivated_at, added_at, language, terms_version, \
         terms_accepted_at) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (username) DO NOTHING RETURNING id";
    let username_key = new.username.to_lowercase();
    let terms_accepted_at = new.terms_version.map(|_| new.added_at);
    let values = vec![
        new.username.to_value(),
        username_key.to_value(),
        new.first_name.to_value(),
        new.last_name.to_value(),
        new.academic_title.to_value(),
        new.password_hash.to_value(),
        new.is_staff.to_value(),
        new.joined_at.to_value(),
        new.verified_at.to_value(),
        new.archived_at.to_value(),
        new.deactivated_at.to_value(),
        new.added_at.to_value(),
        new.language.to_value(),
        new.terms_version.to_value(),
        terms_accepted_at.to_value(),
    ];
    db.find(sql, values, |row| row.get(0))
}

/// Adds an address to an account. Returns false if an account has the address already.
pub fn insert_email(db: &Writer<'_>, id: AccountId, email: &str, key: &str, role: Role) -> Result<bool> {
    let sql = "INSERT INTO email_addresses (email_key, email, account_id, role) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (email_key) DO NOTHING";
    db.change(sql, (key, email, id, role))
}

pub fn delete_email(db: &Writer<'_>, id: AccountId, role: Role) -> Result<()> {
    db.execute("DELETE FROM email_addresses WHERE account_id = $1 AND role = $2", (id, role))
}

/// Returns false if an account has the username already.
pub fn set_username(db: &Writer<'_>, id: AccountId, username: &str) -> Result<bool> {
    let sql = "UPDATE accounts SET username = $1, username_key = $2 WHERE id = $3 \
         AND NOT EXISTS (SELECT 1 FROM accounts WHERE username = $1)";
    db.change(sql, (username, username.to_lowercase(), id))
}

/// Marks the primary address as confirmed at a time or as unconfirmed. Returns false if nothing changes.
pub fn set_verified(db: &Writer<'_>, id: AccountId, at: Option<Timestamp>) -> Result<bool> {
    set_time(db, "verified_at", id, at)
}

/// Archives or unarchives an account. Returns false if nothing changes.
pub fn set_archived(db: &Writer<'_>, id: AccountId, at: Option<Timestamp>) -> Result<bool> {
    set_time(db, "archived_at", id, at)
}

/// Deactivates or reactivates an account. Returns false if nothing changes.
pub fn set_deactivated(db: &Writer<'_>, id: AccountId, at: Option<Timestamp>) -> Result<bool> {
    set_time(db, "deactivated_at", id, at)
}

fn set_time(db: &Writer<'_>, column: &str, id: AccountId, at: Option<Timestamp>) -> Result<bool> {
    let sql =
        format!("UPDATE accounts SET {column} = $1 WHERE id = $2 AND ({column} IS NULL) = ($1 IS NOT NULL)");
    db.change(&sql, (at, id))
}

/// Replaces the password hash with another hash of the same password, unless the password has changed.
pub fn replace_password_hash(db: &Writer<'_>, id: AccountId, from: &str, to: &str) -> Result<()> {
    db.execute("UPDATE accounts SET password_hash = $1 WHERE id = $2 AND password_hash = $3", (to, id, from))
}

/// Sets the password hash. Returns false if `epoch` is no longer the current one, for example after another change of
/// the password.
pub fn set_password_hash(db: &Writer<'_>, id: AccountId, epoch: i64, hash: &str) -> Result<bool> {
    let sql =
        "UPDATE accounts SET password_hash = $1, activation_ends_password = 0 WHERE id = $2 AND epoch = $3";
    db.change(sql, (hash, id, epoch))
}

/// Removes the password. Nobody can log in with a password until a new one is set.
pub fn delete_password_hash(db: &Writer<'_>, id: AccountId) -> Result<()> {
    db.execute("UPDATE accounts SET password_hash = NULL WHERE id = $1", [id])
}

pub fn set_activation_ends_password(db: &Writer<'_>, id: AccountId) -> Result<()> {
    db.execute("UPDATE accounts SET activation_ends_password = 1 WHERE id = $1", [id])
}

/// Returns false if nothing changes.
pub fn set_staff(db: &Writer<'_>, id: AccountId, is_staff: bool) -> Result<bool> {
    db.change("UPDATE accounts SET is_staff = $1 WHERE id = $2 AND is_staff <> $1", (is_staff, id))
}

/// Revokes all access tokens of the account and returns the new epoch.
pub fn begin_epoch(db: &Writer<'_>, id: AccountId, now: Timestamp) -> Result<i64> {
    let sql = "UPDATE accounts SET epoch = epoch + 1, epoch_began_at = $1 WHERE id = $2 RETURNING epoch";
    db.value(sql, (now, id))
}

/// Erases the account and everything that belongs to it.
pub fn delete(db: &Writer<'_>, id: AccountId) -> Result<()> {
    db.execute("DELETE FROM accounts WHERE id = $1", [id])
}
