//! Accounts as imports and exports handle them: many at a time, with everything that is stored.

use super::super::bulk::{self, Row};
use super::super::value::Value;
use super::super::{Reader, Result, Writer};
use super::{Account, AccountId, COLUMN_COUNT, COLUMNS, NewAccount, Role, TABLES, read_account};
use crate::clock::Timestamp;

/// An account with what only an export needs.
pub struct ExportedAccount {
    pub account: Account,
    pub password_hash: Option<String>,
    /// Whether Django gave the account all permissions. Nothing depends on it here.
    pub is_superuser: bool,
}

/// An account from Django.
pub struct ImportedAccount<'a> {
    pub id: AccountId,
    pub new: NewAccount<'a>,
    pub is_superuser: bool,
    pub last_login_at: Option<Timestamp>,
}

pub struct NewEmail {
    pub account: AccountId,
    pub email: String,
    /// [`crate::email::key`] of the address.
    pub key: String,
    pub role: Role,
}

/// Returns the first `limit` accounts after the id `after`, ordered by id.
pub fn list_for_export(db: &Reader<'_>, after: AccountId, limit: i64) -> Result<Vec<ExportedAccount>> {
    let sql = format!(
        "SELECT {COLUMNS}, a.password_hash, a.is_superuser FROM {TABLES} \
         WHERE a.id > $1 ORDER BY a.id LIMIT $2"
    );
    db.list(&sql, [after, limit], |row| {
        Ok(ExportedAccount {
            account: read_account(row)?,
            password_hash: row.get(COLUMN_COUNT)?,
            is_superuser: row.get(COLUMN_COUNT + 1)?,
        })
    })
}

/// Returns the last id that was assigned: 0 if none. The account may have been deleted.
pub fn last_id(db: &Reader<'_>) -> Result<AccountId> {
    db.last_id("accounts")
}

/// Makes the next account get the id after this one.
pub fn set_last_id(db: &Writer<'_>, id: AccountId) -> Result<()> {
    db.set_last_id("accounts", id)
}

/// Adds accounts, whose ids and usernames must be free. [`set_last_id`] must follow.
pub fn insert_many(db: &Writer<'_>, accounts: &[ImportedAccount<'_>]) -> Result<()> {
    let row = |account: &ImportedAccount<'_>| -> Row {
        let NewAccount { username, first_name, last_name, academic_title, .. } = account.new;
        vec![
            Value::owned(account.id),
            Value::owned(username),
            Value::owned(username.to_lowercase()),
            Value::owned(first_name),
            Value::owned(last_name),
            Value::owned(academic_title),
            Value::owned(account.new.password_hash),
            Value::owned(0),
            Value::owned(None::<i64>),
            Value::owned(account.new.is_staff),
            Value::owned(account.new.joined_at),
            Value::owned(account.new.verified_at),
            Value::owned(account.new.archived_at),
            Value::owned(account.new.deactivated_at),
            Value::owned(false),
            Value::owned(account.is_superuser),
            Value::owned(account.last_login_at),
            Value::owned(account.new.added_at),
            Value::owned(account.new.language),
            Value::owned(None::<i64>),
            Value::owned(None::<i64>),
        ]
    };
    bulk::insert_into(db, "accounts", &accounts.iter().map(row).collect::<Vec<_>>())
}

/// Adds addresses, which no account may have yet.
pub fn insert_emails(db: &Writer<'_>, emails: &[NewEmail]) -> Result<()> {
    let row = |NewEmail { account, email, key, role }: &NewEmail| -> Row {
        vec![Value::owned(key), Value::owned(email), Value::owned(account), Value::owned(role)]
    };
    bulk::insert_into(db, "email_addresses", &emails.iter().map(row).collect::<Vec<_>>())
}

/// Returns those of these usernames that accounts have, and the accounts.
pub fn list_owners_of_usernames(db: &Reader<'_>, names: &[String]) -> Result<Vec<(String, AccountId)>> {
    let sql = "SELECT username, id FROM accounts WHERE username IN ($keys)";
    db.list_by_keys(sql, names, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Returns the keys of those of these addresses that accounts have, and the accounts. The addresses are given by their keys.
pub fn list_owners_of_emails(db: &Reader<'_>, keys: &[String]) -> Result<Vec<(String, AccountId)>> {
    let sql = "SELECT email_key, account_id FROM email_addresses WHERE email_key IN ($keys)";
    db.list_by_keys(sql, keys, |row| Ok((row.get(0)?, row.get(1)?)))
}
