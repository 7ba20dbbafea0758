//! The outbox: waiting, delivered and refused mails.

use super::accounts::AccountId;
use super::statement::Row;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;

pub struct OutboxMessage {
    pub id: i64,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub created_at: Timestamp,
    /// When the next delivery attempt is due.
    pub due_at: Timestamp,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub delivered_at: Option<Timestamp>,
    pub refused_at: Option<Timestamp>,
}

pub(super) const COLUMNS: &str = "id, recipient, subject, body_text, body_html, created_at, due_at, attempts, last_error, \
     delivered_at, refused_at";

pub(super) fn read_message(row: &Row<'_>) -> Result<OutboxMessage> {
    Ok(OutboxMessage {
        id: row.get(0)?,
        recipient: row.get(1)?,
        subject: row.get(2)?,
        text: row.get(3)?,
        html: row.get(4)?,
        created_at: row.get(5)?,
        due_at: row.get(6)?,
        attempts: row.get(7)?,
        last_error: row.get(8)?,
        delivered_at: row.get(9)?,
        refused_at: row.get(10)?,
    })
}

pub struct NewMessage<'a> {
    pub recipient: &'a str,
    /// [`crate::email::key`] of the address of the recipient.
    pub recipient_key: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    /// The account that the mail is about.
    pub account: Option<AccountId>,
}

/// Enqueues a mail that is due immediately, and returns its id.
pub fn insert(db: &Writer<'_>, new: &NewMessage<'_>, now: Timestamp) -> Result<i64> {
    let sql = "INSERT INTO outbox (recipient, recipient_key, subject, body_text, body_html, created_at, due_at, attempts, \
         account_id) VALUES ($1, $2, $3, $4, $5, $6, $6, 0, $7) RETURNING id";
    let NewMessage { recipient, recipient_key, subject, text, html, account } = new;
    db.value(sql, (recipient, recipient_key, subject, text, html, now, account))
}

pub fn has_mails_without_key(db: &Reader<'_>) -> Result<bool> {
    db.value("SELECT EXISTS (SELECT 1 FROM outbox WHERE recipient_key = '')", ())
}

/// Returns the ids and recipients of mails that have no key yet.
pub fn list_without_key(db: &Reader<'_>) -> Result<Vec<(i64, String)>> {
    db.list("SELECT id, recipient FROM outbox WHERE recipient_key = ''", (), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
}

pub fn set_recipient_key(db: &Writer<'_>, id: i64, key: &str) -> Result<()> {
    db.execute("UPDATE outbox SET recipient_key = $1 WHERE id = $2", (key, id))
}

pub fn delete(db: &Writer<'_>, id: i64) -> Result<()> {
    db.execute("DELETE FROM outbox WHERE id = $1", [id])
}

pub fn find_by_id(db: &Reader<'_>, id: i64) -> Result<Option<OutboxMessage>> {
    db.find(&format!("SELECT {COLUMNS} FROM outbox WHERE id = $1"), [id], read_message)
}

/// Returns all mails, oldest first.
pub fn list(db: &Reader<'_>) -> Result<Vec<OutboxMessage>> {
    db.list(&format!("SELECT {COLUMNS} FROM outbox ORDER BY id"), (), read_message)
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum State {
    Waiting,
    Refused,
    Delivered,
}

impl OutboxMessage {
    pub fn state(&self) -> State {
        match (self.delivered_at, self.refused_at) {
            (Some(_), _) => State::Delivered,
            (None, Some(_)) => State::Refused,
            (None, None) => State::Waiting,
        }
    }
}

/// Returns mails with ids below `before`, newest first.
pub fn list_before(
    db: &Reader<'_>,
    state: Option<State>,
    before: i64,
    limit: i64,
) -> Result<Vec<OutboxMessage>> {
    let condition = match state {
        None => "1 = 1",
        Some(State::Waiting) => "delivered_at IS NULL AND refused_at IS NULL",
        Some(State::Refused) => "refused_at IS NOT NULL",
        Some(State::Delivered) => "delivered_at IS NOT NULL",
    };
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id < $1 AND {condition} ORDER BY id DESC LIMIT $2");
    db.list(&sql, (before, limit), read_message)
}

/// Returns the newest mails about an account, newest first.
pub fn list_about_account(db: &Reader<'_>, account: AccountId, limit: i64) -> Result<Vec<OutboxMessage>> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE account_id = $1 ORDER BY id DESC LIMIT $2");
    db.list(&sql, (account, limit), read_message)
}

/// Returns the account that a mail is about.
pub fn find_account(db: &Reader<'_>, id: i64) -> Result<Option<AccountId>> {
    Ok(db.find("SELECT account_id FROM outbox WHERE id = $1", [id], |row| row.get(0))?.flatten())
}

/// Returns the numbers of mails that were delivered since `from`, by days since 1970. Reads only an index.
pub fn count_delivered_by_day(db: &Reader<'_>, from: Timestamp) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT delivered_at / 86400000000, COUNT(*) FROM outbox WHERE delivered_at >= $1 GROUP BY 1";
    db.list(sql, [from], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Returns the numbers of mails that were refused since `from`, by days since 1970. Reads only an index.
pub fn count_refused_by_day(db: &Reader<'_>, from: Timestamp) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT refused_at / 86400000000, COUNT(*) FROM outbox WHERE refused_at >= $1 GROUP BY 1";
    db.list(sql, [from], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Returns the waiting mails that are due, oldest first.
pub fn list_due(db: &Reader<'_>, now: Timestamp, limit: i64) -> Result<Vec<OutboxMessage>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE delivered_at IS NULL AND refused_at IS NULL AND due_at <= $1 \
         ORDER BY id LIMIT $2"
    );
    db.list(&sql, (now, limit), read_message)
}

/// Postpones the mails that are due to `lease_end`, so that no other server takes them, and returns them, oldest first.
pub fn claim_due(
    db: &Writer<'_>,
    now: Timestamp,
    lease_end: Timestamp,
    limit: i64,
) -> Result<Vec<OutboxMessage>> {
    let sql = format!(
        "UPDATE outbox SET due_at = $1 WHERE id IN (SELECT id FROM outbox WHERE delivered_at IS NULL \
         AND refused_at IS NULL AND due_at <= $2 ORDER BY id LIMIT $3) RETURNING {COLUMNS}"
    );
    let mut claimed = db.list(&sql, (lease_end, now, limit), read_message)?;
    claimed.sort_by_key(|message| message.id);
    Ok(claimed)
}

/// Makes a mail due that was claimed until `lease_end` and not attempted.
pub fn release(db: &Writer<'_>, id: i64, lease_end: Timestamp, now: Timestamp) -> Result<()> {
    db.execute("UPDATE outbox SET due_at = $1 WHERE id = $2 AND due_at = $3", (now, id, lease_end))
}

/// Returns the number of waiting mails.
pub fn count_waiting(db: &Reader<'_>) -> Result<i64> {
    db.value("SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL AND refused_at IS NULL", ())
}

pub fn count_refused(db: &Reader<'_>) -> Result<i64> {
    db.value("SELECT COUNT(*) FROM outbox WHERE refused_at IS NOT NULL", ())
}

/// Returns when the oldest waiting mail was enqueued.
pub fn find_time_of_oldest_waiting(db: &Reader<'_>) -> Result<Option<Timestamp>> {
    db.value("SELECT MIN(created_at) FROM outbox WHERE delivered_at IS NULL AND refused_at IS NULL", ())
}

pub fn set_delivered(db: &Writer<'_>, id: i64, now: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET delivered_at = $1, attempts = attempts + 1, last_error = NULL WHERE id = $2";
    db.execute(sql, (now, id))
}

/// Records that an attempt failed, and when to retry.
pub fn set_failed(db: &Writer<'_>, id: i64, error: &str, due_at: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET due_at = $1, attempts = attempts + 1, last_error = $2 WHERE id = $3";
    db.execute(sql, (due_at, error, id))
}

pub fn set_refused(db: &Writer<'_>, id: i64, error: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE outbox SET refused_at = $1, attempts = attempts + 1, last_error = $2 WHERE id = $3";
    db.execute(sql, (now, error, id))
}

/// Makes a waiting or refused mail due now, and with `again` also a delivered one. Returns false if there is none.
pub fn set_due(db: &Writer<'_>, id: i64, now: Timestamp, again: bool) -> Result<bool> {
    let sql = "UPDATE outbox SET due_at = $1, delivered_at = NULL, refused_at = NULL \
         WHERE id = $2 AND (delivered_at IS NULL OR $3 = 1)";
    db.change(sql, (now, id, again))
}

/// Makes all waiting and refused mails due immediately, and returns their number.
pub fn set_all_due(db: &Writer<'_>, now: Timestamp) -> Result<usize> {
    db.change_many("UPDATE outbox SET due_at = $1, refused_at = NULL WHERE delivered_at IS NULL", [now])
}

/// Returns whether a mail was delivered or refused before `moment`.
pub fn has_finished_before(db: &Reader<'_>, moment: Timestamp) -> Result<bool> {
    db.exists("SELECT 1 FROM outbox WHERE delivered_at < $1 OR refused_at < $1", [moment])
}

/// Deletes mails that were delivered or refused before `moment`.
pub fn delete_finished_before(db: &Writer<'_>, moment: Timestamp) -> Result<()> {
    db.execute("DELETE FROM outbox WHERE delivered_at < $1 OR refused_at < $1", [moment])
}
