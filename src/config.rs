//! Settings: what there is, where it comes from, what is refused.
//!
//! The defaults are `config.example.toml` itself, which is built in as the lowest layer, so that file and program
//! cannot disagree. Above it lie the configuration file and the environment.

mod audit;
mod check;
mod environment;
mod error_message;
mod example;
mod graphql;
mod http;
mod limits;
mod log;
mod private;
mod restart_required;
mod smtp_url;
mod sources;
mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use audit::Audit;
pub use check::{FILLED_IN, is_own_path};
pub use graphql::GraphQl;
pub use http::{Http, Tls};
pub use limits::{Limit, Limits};
pub use log::{Log, LogFormat, LogLevel};
pub use private::{create_private_dir, others_may_read};
pub use smtp_url::{Encryption, SmtpServer};
pub use sources::{Loaded, Setting, load, load_text};
pub use units::Bytes;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What links in mails start with, without a slash at the end.
    pub public_url: String,
    /// The name that heads each mail.
    site_name: Option<String>,
    /// The folder for all that the server writes.
    pub data_dir: PathBuf,
    /// The signing key, if it is given in the configuration itself.
    pub secret_key: Option<SecretString>,
    /// Where the signing key is kept.
    secret_key_file: Option<PathBuf>,
    /// How mails leave.
    pub mail: Mail,
    /// Where links in mails lead.
    pub links: Links,
    /// How long tokens are good for.
    pub tokens: Tokens,
    /// What accounts hold and who sees them.
    pub accounts: Accounts,
    /// Working groups.
    pub groups: Groups,
    /// What passwords must be and how they are hashed.
    pub passwords: Passwords,
    /// Bounds of a request.
    pub graphql: GraphQl,
    /// Pages for people, behind the links in mails.
    pub pages: Pages,
    /// Connections, and where requests come from.
    pub http: Http,
    /// Limits on attempts.
    pub limits: Limits,
    /// What happened to whom.
    pub audit: Audit,
    /// What is counted.
    pub metrics: Metrics,
    /// What is logged, and how.
    pub log: Log,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// How mails leave.
    pub transport: Transport,
    /// The sender of all mails.
    pub from: String,
    /// Where the transport `file` writes.
    directory: Option<PathBuf>,
    /// The server to which the transport `smtp` hands mails, with user and password.
    pub smtp_url: Option<SecretString>,
    /// Certificates in PEM; those who signed that server's are trusted, and nobody else.
    pub smtp_ca_file: Option<PathBuf>,
    /// Whether owners are told of changes to their account.
    pub notices: bool,
    /// Whether `register` mails the link that activates an account.
    pub activation: bool,
    /// Whether `register` mails the link for a first password.
    pub password_set: bool,
    /// A folder of texts in place of the built-in ones.
    pub templates: Option<PathBuf>,
    /// What those texts may speak of besides.
    pub variables: BTreeMap<String, String>,
}

/// How mails leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Printed on standard output.
    Console,
    /// One `.eml` file a mail.
    File,
    /// Handed to a mail server.
    Smtp,
}

/// `[links]`: texts with `{public_url}` and, where a mail has one, `{token}` in them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    /// Activates an account.
    pub activation: String,
    /// Confirms a secondary address.
    pub secondary_email: String,
    /// Leads to a new password.
    pub password_reset: String,
    /// Leads to a first password.
    pub password_set: String,
    /// Leads to where representatives answer join requests; no token in it.
    pub join_requests: Option<String>,
    /// Leads to where people log in; no token in it.
    pub sign_in: Option<String>,
}

/// `[tokens]`: lifetimes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Of access tokens.
    #[serde(with = "humantime_serde")]
    pub access_lifetime: Duration,
    /// Of refresh tokens.
    #[serde(with = "humantime_serde")]
    pub refresh_lifetime: Duration,
    /// Of sessions, however often they are refreshed.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    /// Of activation links.
    #[serde(with = "humantime_serde")]
    pub activation_lifetime: Duration,
    /// Of links for a new password.
    #[serde(with = "humantime_serde")]
    pub password_reset_lifetime: Duration,
    /// Of links that confirm a secondary address.
    #[serde(with = "humantime_serde")]
    pub secondary_email_lifetime: Duration,
    /// Of links for a first password.
    #[serde(with = "humantime_serde")]
    pub password_set_lifetime: Duration,
}

/// `[accounts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// What people may log in with.
    pub login_fields: Vec<LoginField>,
    /// Whether a secondary address logs in as well.
    pub login_with_secondary_email: bool,
    /// Whether people may log in before they are verified.
    pub login_unverified: bool,
    /// What `register` must be given.
    pub register_required: Vec<RegisterField>,
    /// What `register` may be given.
    pub register_optional: Vec<RegisterField>,
    /// Whether accounts are registered without a password.
    pub passwordless_registration: bool,
    /// What `updateAccount` may change.
    pub update_fields: Vec<UpdateField>,
    /// What `deleteAccount` does.
    pub delete: Deletion,
    /// Who may look other people up.
    pub users_visible_to: Audience,
    /// Whether no answer tells that an address has an account.
    pub hide_existence: bool,
}

/// What people may log in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginField {
    /// The primary or the secondary address.
    Email,
    /// The username.
    Username,
}

impl LoginField {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
        }
    }
}

/// What an account may be registered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterField {
    /// The primary address.
    Email,
    /// The username.
    Username,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The academic title.
    AcademicTitle,
}

/// What may be changed of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateField {
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The academic title.
    AcademicTitle,
}

/// What deleting an account does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletion {
    /// Nothing is left of it.
    Erase,
    /// Nobody can log in to it any more.
    Deactivate,
}

/// Who may look other people up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Accounts marked as staff.
    Staff,
    /// Accounts with a verified address.
    Verified,
    /// Everybody.
    Public,
}

/// `[groups]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// How people get into a working group.
    pub joining: Joining,
}

/// How people get into a working group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joining {
    /// They ask its representative.
    Request,
    /// They walk in.
    Open,
}

/// `[passwords]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    /// Memory of one hash.
    pub memory: Bytes,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes of one hash.
    pub parallelism: u32,
    /// How many hashes are made at a time.
    hashing_threads: Option<usize>,
    /// The least number of characters.
    pub min_length: usize,
}

/// `[pages]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Whether there are pages behind the links in mails, and a front page.
    pub enabled: bool,
    /// How they look.
    pub branding: Branding,
}

/// `[pages.branding]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branding {
    /// The name at the top of each page.
    name: Option<String>,
    /// A picture beside the name.
    pub logo: Option<PathBuf>,
    /// The colour of buttons, `#rrggbb`.
    pub accent: String,
}

/// `[metrics]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Whether `/metrics` answers.
    pub enabled: bool,
    /// Where it answers, if not where all else does.
    pub listen: Option<SocketAddr>,
}

impl Config {
    /// The name that heads each mail: as set, or host and port of `public_url`.
    pub fn site_name(&self) -> &str {
        match &self.site_name {
            Some(name) => name,
            None => self.public_address().0,
        }
    }

    /// The path of `public_url`, such as `/auth`. Empty if it has none.
    pub fn public_path(&self) -> &str {
        self.public_address().1
    }

    /// Host and port of `public_url`, and its path.
    fn public_address(&self) -> (&str, &str) {
        let address = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        address.split_at(address.find('/').unwrap_or(address.len()))
    }

    /// Where people log in: `links.sign_in` with `{public_url}` filled in.
    pub fn sign_in(&self) -> Option<String> {
        Some(self.links.sign_in.as_ref()?.replace("{public_url}", &self.public_url))
    }

    /// The name at the top of each page: as set, or `site_name`.
    pub fn branding_name(&self) -> &str {
        self.pages.branding.name.as_deref().unwrap_or_else(|| self.site_name())
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.data_dir.join("auth.sqlite3")
    }

    /// Where the signing key is kept if it is not in the configuration.
    pub fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    /// Whether `secret_key_file` was named, so that a missing file is a mistake and not a first start.
    pub fn names_secret_key_file(&self) -> bool {
        self.secret_key_file.is_some()
    }

    /// Where the transport `file` writes.
    pub fn mail_directory(&self) -> PathBuf {
        self.mail.directory.clone().unwrap_or_else(|| self.data_dir.join("mail"))
    }

    /// The folder for certificates that were got by ACME.
    pub fn acme_directory(&self) -> PathBuf {
        self.data_dir.join("acme")
    }

    /// How many passwords may be hashed at a time.
    pub fn hashing_threads(&self) -> usize {
        self.passwords
            .hashing_threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}
