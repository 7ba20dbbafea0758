//! The rows of the database.

use std::collections::BTreeMap;

use postgres::{Client, Error, NoTls, Row};

pub struct Account {
    pub id: i64,
    pub is_verified: bool,
    pub first_name: String,
    pub sessions: Vec<String>,
}

pub struct Token {
    pub hash: String,
    pub predecessor: Option<String>,
    pub is_spent: bool,
    pub is_replaced: bool,
}

pub struct Mail {
    pub recipient: String,
    pub is_delivered: bool,
}

pub struct Rows {
    /// By address.
    pub accounts: BTreeMap<String, Account>,
    /// By session.
    pub tokens: BTreeMap<String, Vec<Token>>,
    /// By the name of the file that each mail is delivered to.
    pub mails: BTreeMap<String, Mail>,
    /// Counted attempts by the name of the counter.
    pub attempts: BTreeMap<String, i64>,
}

impl Rows {
    pub fn read(url: &str) -> Result<Self, Error> {
        let mut database = Client::connect(url, NoTls)?;
        let mut all = |sql: &str| database.query(sql, &[]);
        let mut sessions: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for row in all("SELECT account_id, id FROM sessions")? {
            sessions.entry(row.get(0)).or_default().push(row.get(1));
        }
        let mut tokens: BTreeMap<String, Vec<Token>> = BTreeMap::new();
        let sql = "SELECT session_id, token_hash, predecessor_hash, spent_at IS NOT NULL, replaced_at IS NOT NULL \
             FROM refresh_tokens";
        for row in all(sql)? {
            let [is_spent, is_replaced] = [3, 4].map(|column| row.get(column));
            let token = Token { hash: row.get(1), predecessor: row.get(2), is_spent, is_replaced };
            tokens.entry(row.get(0)).or_default().push(token);
        }
        let sql = "SELECT e.email, a.id, a.verified_at IS NOT NULL, a.first_name \
             FROM accounts a JOIN email_addresses e ON e.account_id = a.id";
        let account = |row: Row| {
            let id = row.get(1);
            let sessions = sessions.remove(&id).unwrap_or_default();
            (row.get(0), Account { id, is_verified: row.get(2), first_name: row.get(3), sessions })
        };
        let accounts = all(sql)?.into_iter().map(account).collect();
        let mail = |row: Row| {
            let (id, created_at): (i64, i64) = (row.get(0), row.get(1));
            let mail = Mail { recipient: row.get(2), is_delivered: row.get(3) };
            (format!("{created_at:020}-{id:08}.eml"), mail)
        };
        let sql = "SELECT id, created_at, recipient, delivered_at IS NOT NULL FROM outbox";
        let mails = all(sql)?.into_iter().map(mail).collect();
        let attempts = all("SELECT name, counted FROM attempts")?;
        let attempts = attempts.into_iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Self { accounts, tokens, mails, attempts })
    }

    pub fn count(&self) -> usize {
        let tokens = self.tokens.values().map(Vec::len).sum::<usize>();
        let sessions = self.accounts.values().map(|account| account.sessions.len()).sum::<usize>();
        self.accounts.len() + sessions + tokens + self.mails.len() + self.attempts.len()
    }
}

/// Returns the number of mails that wait for their delivery.
pub fn count_waiting(url: &str) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL AND refused_at IS NULL";
    Ok(Client::connect(url, NoTls)?.query_one(sql, &[])?.get(0))
}
