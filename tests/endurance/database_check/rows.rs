//! The rows of a database, also while a server uses it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result, Row};

pub struct Account {
    pub is_verified: bool,
    pub epoch: i64,
    pub sessions: Vec<String>,
}

/// A valid refresh token.
pub struct Token {
    pub hash: String,
    pub predecessor: Option<String>,
}

pub struct Mail {
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub is_delivered: bool,
}

pub struct Rows {
    /// By address.
    pub accounts: BTreeMap<String, Account>,
    /// By session.
    pub tokens: BTreeMap<String, Vec<Token>>,
    /// By the name of the file that each mail is delivered to.
    pub mails: BTreeMap<String, Mail>,
    /// The names of mail files by recipient.
    pub mails_to: BTreeMap<String, Vec<String>>,
    /// The id of the newest mail. Ids are consecutive.
    pub last_mail: usize,
    pub spent_links: usize,
    /// Errors that SQLite reports.
    pub damage: Vec<String>,
}

impl Rows {
    /// Reads the database with its write-ahead log, and changes nothing.
    pub fn read(path: &Path) -> Result<Self> {
        let database = &Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut damage: Vec<String> = all(database, "PRAGMA integrity_check", |row| row.get(0))?;
        damage.retain(|line| line != "ok");
        damage.extend(all(database, "PRAGMA foreign_key_check", |row| {
            Ok(format!("a row of {} refers to a missing row", row.get::<_, String>(0)?))
        })?);
        let (sessions, tokens) = sessions(database)?;
        let mails = mails(database)?;
        let mut mails_to: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, mail) in &mails {
            mails_to.entry(mail.recipient.clone()).or_default().push(name.clone());
        }
        let last_mail = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'";
        Ok(Self {
            accounts: accounts(database, sessions)?,
            tokens,
            mails,
            mails_to,
            last_mail: number(database, last_mail)?,
            spent_links: number(database, "SELECT COUNT(*) FROM spent_action_tokens")?,
            damage,
        })
    }

    pub fn count(&self) -> usize {
        let tokens = self.tokens.values().map(Vec::len).sum::<usize>();
        self.accounts.len() + self.tokens.len() + tokens + self.mails.len() + self.spent_links
    }
}

type Sessions = BTreeMap<i64, Vec<String>>;
type Tokens = BTreeMap<String, Vec<Token>>;

/// Returns the sessions by account, and the valid refresh tokens by session.
fn sessions(database: &Connection) -> Result<(Sessions, Tokens)> {
    let (mut sessions, mut tokens) = (Sessions::new(), Tokens::new());
    let sql = "SELECT account_id, id FROM sessions";
    for (account, id) in all(database, sql, |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))? {
        tokens.entry(id.clone()).or_default();
        sessions.entry(account).or_default().push(id);
    }
    let sql = "SELECT session_id, token_hash, predecessor_hash FROM refresh_tokens \
         WHERE spent_at IS NULL AND replaced_at IS NULL";
    let token = |row: &Row<'_>| Ok((row.get(0)?, Token { hash: row.get(1)?, predecessor: row.get(2)? }));
    for (session, token) in all(database, sql, token)? {
        tokens.entry(session).or_default().push(token);
    }
    Ok((sessions, tokens))
}

fn accounts(database: &Connection, mut sessions: Sessions) -> Result<BTreeMap<String, Account>> {
    let sql = "SELECT COALESCE(e.email, 'account ' || a.id), a.id, a.verified_at IS NOT NULL, a.epoch \
         FROM accounts a LEFT JOIN email_addresses e ON e.account_id = a.id";
    let accounts = all(database, sql, |row| {
        let sessions = sessions.remove(&row.get(1)?).unwrap_or_default();
        Ok((row.get(0)?, Account { is_verified: row.get(2)?, epoch: row.get(3)?, sessions }))
    });
    Ok(accounts?.into_iter().collect())
}

fn mails(database: &Connection) -> Result<BTreeMap<String, Mail>> {
    let sql = "SELECT id, created_at, recipient, subject, body_text, delivered_at IS NOT NULL FROM outbox";
    let mails = all(database, sql, |row| {
        let (id, created_at): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (recipient, subject) = (row.get(2)?, row.get(3)?);
        let mail = Mail { recipient, subject, text: row.get(4)?, is_delivered: row.get(5)? };
        Ok((format!("{created_at:020}-{id:08}.eml"), mail))
    });
    Ok(mails?.into_iter().collect())
}

fn all<T>(database: &Connection, sql: &str, read: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    database.prepare(sql)?.query_map([], read)?.collect()
}

fn number(database: &Connection, sql: &str) -> Result<usize> {
    let number: u32 = database.query_row(sql, [], |row| row.get(0))?;
    Ok(number as usize)
}
