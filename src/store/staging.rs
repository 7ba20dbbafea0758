//! A temporary database with the contents of a Django site, in which an import finds conflicts before it changes anything.
//! It is on disk, so the size of a site is not limited by memory.

mod conflicts;
mod counts;
mod read;

use rusqlite::Connection;

use super::accounts::AccountId;
use super::institutions::{Institution, ResearchField};
use super::join_requests::Status;
use super::{Reader, Result, Writer};
use crate::clock::Timestamp;
pub use conflicts::{ConflictKind, Found, Subject};
pub use counts::UserCounts;
pub use read::{Position, StagedGroup, StagedMember, StagedRequest, StagedToken, StagedUser};

/// The kibibytes of the database that are kept in memory.
const CACHE: i64 = 64 * 1024;

const TABLES: &str = "
    CREATE TABLE users (
        key TEXT PRIMARY KEY, number INTEGER NOT NULL, joined_at INTEGER NOT NULL, email TEXT NOT NULL,
        email_key TEXT NOT NULL, username TEXT, username_in_django TEXT, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
        academic_title TEXT NOT NULL, password_hash TEXT, is_active INTEGER NOT NULL, is_staff INTEGER NOT NULL,
        is_superuser INTEGER NOT NULL, last_login_at INTEGER, group_key TEXT, is_representative INTEGER,
        account_id INTEGER, is_known INTEGER NOT NULL DEFAULT 0, differs INTEGER NOT NULL DEFAULT 0,
        is_left_out INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE statuses (
        user_key TEXT PRIMARY KEY, verified INTEGER NOT NULL, archived INTEGER NOT NULL, secondary_email TEXT,
        secondary_key TEXT
    ) WITHOUT ROWID;
    CREATE TABLE institutions (
        position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, city TEXT NOT NULL, state TEXT,
        country TEXT NOT NULL, id TEXT
    );
    CREATE TABLE research_fields (id INTEGER PRIMARY KEY, field TEXT NOT NULL, subfield TEXT NOT NULL);
    CREATE TABLE groups (
        position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, institution_key TEXT,
        research_field INTEGER NOT NULL, representative_key TEXT, employees INTEGER, is_public INTEGER NOT NULL,
        id TEXT, is_known INTEGER NOT NULL DEFAULT 0, is_left_out INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE requests (
        position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, user_key TEXT NOT NULL, group_key TEXT NOT NULL,
        made_at INTEGER NOT NULL, status TEXT NOT NULL, is_known INTEGER NOT NULL DEFAULT 0,
        is_left_out INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE tokens (
        position INTEGER PRIMARY KEY, hash TEXT NOT NULL, user_key TEXT NOT NULL, created_at INTEGER NOT NULL
    );
    CREATE TABLE conflicts (kind TEXT NOT NULL, key TEXT NOT NULL, other TEXT, PRIMARY KEY (kind, key));
    CREATE TABLE found (key TEXT PRIMARY KEY, other TEXT);
    BEGIN";

/// Indexes are created when the tables are filled, which is faster. Django accepts no refresh token that occurs twice.
const INDEXES: &str = "
    CREATE INDEX users_by_order ON users (number, joined_at, key);
    CREATE INDEX users_by_email ON users (email_key);
    CREATE INDEX users_by_username ON users (username);
    CREATE INDEX users_by_group ON users (group_key);
    CREATE INDEX statuses_by_email ON statuses (secondary_key);
    CREATE INDEX groups_by_representative ON groups (representative_key);
    CREATE INDEX requests_by_user ON requests (user_key, group_key);
    CREATE INDEX requests_by_time ON requests (made_at, position);
    CREATE INDEX tokens_by_user ON tokens (user_key, created_at);
    CREATE INDEX tokens_by_hash ON tokens (hash);
    DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens GROUP BY hash HAVING COUNT(*) > 1)";

pub struct Staging(Connection);

/// A user of the site, with its key in Django, which is an integer or a UUID with dashes.
pub struct SiteUser<'a> {
    pub key: &'a str,
    pub email: &'a str,
    /// [`crate::email::key`] of the address.
    pub email_key: &'a str,
    /// `None` if the site has no usernames.
    pub username: Option<&'a str>,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub academic_title: &'a str,
    pub password_hash: Option<&'a str>,
    pub is_active: bool,
    pub is_staff: bool,
    pub is_superuser: bool,
    pub joined_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
    pub group_key: Option<&'a str>,
    /// `None` if the site has no such field.
    pub is_representative: Option<bool>,
}

pub struct SiteStatus<'a> {
    pub user_key: &'a str,
    pub verified: bool,
    pub archived: bool,
    /// The address and its key.
    pub secondary_email: Option<(&'a str, &'a str)>,
}

pub struct SiteGroup<'a> {
    pub key: &'a str,
    pub name: &'a str,
    pub institution_key: Option<&'a str>,
    pub research_field: i64,
    pub representative_key: Option<&'a str>,
    pub employees: Option<i64>,
    pub is_public: bool,
}

pub struct SiteRequest<'a> {
    pub key: &'a str,
    pub user_key: &'a str,
    pub group_key: &'a str,
    pub made_at: Timestamp,
    pub status: Status,
}

impl Staging {
    /// Creates the database in the folder for temporary files. It is deleted when it is closed, also if the process is killed.
    pub fn create() -> Result<Self> {
        let connection = Connection::open("")?;
        // After an error, the whole database is dropped, so nothing is ever rolled back.
        connection.pragma_update(None, "journal_mode", "OFF")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "cache_size", -CACHE)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(TABLES)?;
        Ok(Self(connection))
    }

    fn db(&self) -> Reader<'_> {
        super::Connection::Sqlite(&self.0).into()
    }

    fn writer(&self) -> Writer<'_> {
        Writer(self.db())
    }

    /// Prepares the filled tables for reads.
    pub fn create_indexes(&self) -> Result<()> {
        Ok(self.0.execute_batch(INDEXES)?)
    }

    // Each of these functions adds a row. It returns false if the site contains the key twice.

    pub fn add_user(&self, new: &SiteUser<'_>) -> Result<bool> {
        let sql = "INSERT INTO users (key, number, joined_at, email, email_key, username, username_in_django, first_name, \
             last_name, academic_title, password_hash, is_active, is_staff, is_superuser, last_login_at, group_key, \
             is_representative) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ON CONFLICT DO NOTHING";
        // UUIDs have no order that means anything, so their users are ordered by the time of registration.
        let number: i64 = new.key.parse().unwrap_or_default();
        let params = rusqlite::params![
            new.key,
            number,
            new.joined_at.micros(),
            new.email,
            new.email_key,
            new.username,
            new.first_name,
            new.last_name,
            new.academic_title,
            new.password_hash,
            new.is_active,
            new.is_staff,
            new.is_superuser,
            new.last_login_at.map(Timestamp::micros),
            new.group_key,
            new.is_representative,
        ];
        Ok(self.0.prepare_cached(sql)?.execute(params)? == 1)
    }

    pub fn add_status(&self, new: &SiteStatus<'_>) -> Result<bool> {
        let sql = "INSERT INTO statuses (user_key, verified, archived, secondary_email, secondary_key) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let (email, key) = new.secondary_email.unzip();
        self.writer().change(sql, (new.user_key, new.verified, new.archived, email, key))
    }

    /// The id is the key in Django.
    pub fn add_institution(&self, new: &Institution) -> Result<bool> {
        let sql = "INSERT INTO institutions (key, name, city, state, country) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING";
        let Institution { id, name, city, state, country } = new;
        self.writer().change(sql, (id, name, city, state, country))
    }

    pub fn add_research_field(&self, new: &ResearchField) -> Result<bool> {
        let sql =
            "INSERT INTO research_fields (id, field, subfield) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        self.writer().change(sql, (new.id, &new.field, &new.subfield))
    }

    pub fn add_group(&self, new: &SiteGroup<'_>) -> Result<bool> {
        let sql = "INSERT INTO groups \
             (key, name, institution_key, research_field, representative_key, employees, is_public) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let SiteGroup {
            key,
            name,
            institution_key,
            research_field,
            representative_key,
            employees,
            is_public,
        } = new;
        self.writer().change(
            sql,
            (key, name, institution_key, research_field, representative_key, employees, is_public),
        )
    }

    pub fn add_request(&self, new: &SiteRequest<'_>) -> Result<bool> {
        let sql = "INSERT INTO requests (key, user_key, group_key, made_at, status) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING";
        self.writer().change(sql, (new.key, new.user_key, new.group_key, new.made_at, new.status))
    }

    /// Adds a refresh token that can still be used, by its hash.
    pub fn add_token(&self, hash: &str, user_key: &str, created_at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO tokens (hash, user_key, created_at) VALUES ($1, $2, $3)";
        self.writer().execute(sql, (hash, user_key, created_at))
    }

    /// Records that a user was imported before. `account` is `None` if the account has been deleted here since. `differs` is
    /// whether it has changed since, here or in Django.
    pub fn set_known_user(&self, key: &str, account: Option<AccountId>, differs: bool) -> Result<()> {
        let sql =
            "UPDATE users SET is_known = 1, account_id = $1, is_left_out = $2, differs = $3 WHERE key = $4";
        self.writer().execute(sql, (account, account.is_none(), differs, key))
    }

    /// Records that a group was imported before. `id` is `None` if the group has been deleted here since.
    pub fn set_known_group(&self, key: &str, id: Option<&str>) -> Result<()> {
        let sql = "UPDATE groups SET is_known = 1, id = $1, is_left_out = $2 WHERE key = $3";
        self.writer().execute(sql, (id, id.is_none(), key))
    }

    pub fn set_known_request(&self, key: &str) -> Result<()> {
        self.writer().execute("UPDATE requests SET is_known = 1 WHERE key = $1", [key])
    }

    pub fn set_account(&self, key: &str, account: AccountId) -> Result<()> {
        self.writer().execute("UPDATE users SET account_id = $1 WHERE key = $2", (account, key))
    }

    pub fn set_group_id(&self, key: &str, id: &str) -> Result<()> {
        self.writer().execute("UPDATE groups SET id = $1 WHERE key = $2", (id, key))
    }

    pub fn set_institution_id(&self, key: &str, id: &str) -> Result<()> {
        self.writer().execute("UPDATE institutions SET id = $1 WHERE key = $2", (id, key))
    }
}
