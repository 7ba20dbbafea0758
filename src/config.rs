//! The settings. `config.example.toml` describes them and contains their defaults: it is built into the program. The
//! configuration file overrides the defaults, and environment variables override both.

mod accounts;
mod check;
mod contrast;
mod database;
mod environment;
mod error_message;
mod example;
mod graphql;
mod http;
mod limits;
mod load;
mod log;
mod mail;
mod restart_required;
mod retention;
mod second_factor;
mod setting;
mod smtp_url;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use secrecy::SecretString;
use serde::Deserialize;

pub use accounts::{
    Accounts, Audience, Deletion, LoginField, RegisterField, RegistrationMode, Terms, UpdateField,
};
pub use check::{MAX_HASH_MEMORY, MAX_HASH_WORK, TEMPLATE_VARIABLES, is_own_path};
pub use contrast::contrasting_colour;
#[cfg(feature = "postgres")]
pub use database::PostgresServer;
pub use database::{APPLICATION_NAME, Database, Location};
pub use graphql::GraphQl;
pub use http::{Http, Tls};
pub use limits::{Limit, Limits};
pub use load::{Loaded, load, load_text};
pub use log::{Log, LogFormat, LogLevel};
pub use mail::{Mail, Transport};
pub use retention::Retention;
pub use second_factor::{RequiredFor, SecondFactor};
use setting::Origin;
pub use setting::Setting;
pub use smtp_url::{Encryption, SmtpServer};

/// All settings. A private one is read through a method, because it also depends on other settings or the machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    /// Never ends with a slash.
    pub public_url: String,
    site_name: Option<String>,
    pub site_language: String,
    pub languages: Option<PathBuf>,
    pub data_dir: PathBuf,
    pub secret_key: Option<SecretString>,
    secret_key_file: Option<PathBuf>,
    pub database: Database,
    pub mail: Mail,
    pub links: Links,
    pub tokens: Tokens,
    pub accounts: Accounts,
    pub groups: Groups,
    pub passwords: Passwords,
    pub second_factor: SecondFactor,
    pub graphql: GraphQl,
    pub pages: Pages,
    pub http: Http,
    pub limits: Limits,
    pub audit: Audit,
    pub retention: Retention,
    pub metrics: Metrics,
    pub log: Log,
    /// Where the values come from.
    #[serde(skip)]
    origin: Origin,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    pub activation: String,
    pub secondary_email: String,
    pub password_reset: String,
    pub password_set: String,
    pub invitation: String,
    join_requests: Option<String>,
    pub sign_in: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    #[serde(with = "humantime_serde")]
    pub access_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub refresh_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub activation_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub password_reset_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub secondary_email_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub password_set_lifetime: Duration,
    #[serde(with = "humantime_serde")]
    pub invitation_lifetime: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    pub joining: Joining,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joining {
    Request,
    Open,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    pub memory: ByteSize,
    pub iterations: u32,
    pub parallelism: u32,
    hashing_threads: Option<usize>,
    pub min_length: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    pub enabled: bool,
    pub admin: bool,
    pub templates: Option<PathBuf>,
    pub branding: Branding,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branding {
    name: Option<String>,
    pub logo: Option<PathBuf>,
    pub accent: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    #[serde(with = "humantime_serde")]
    pub kept: Duration,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    pub enabled: bool,
    listen: Option<SocketAddr>,
}

impl Metrics {
    /// Returns the separate address for metrics, if they are enabled and have one.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.filter(|_| self.enabled)
    }
}

impl Config {
    pub fn site_name(&self) -> &str {
        self.site_name.as_deref().unwrap_or_else(|| self.split_public_url().0)
    }

    /// Returns the path of `public_url`, such as `/auth`, or an empty string.
    pub fn public_path(&self) -> &str {
        self.split_public_url().1
    }

    /// Returns the host with the port, and the path.
    fn split_public_url(&self) -> (&str, &str) {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        rest.split_at(rest.find('/').unwrap_or(rest.len()))
    }

    pub fn sign_in(&self) -> Option<String> {
        Some(self.links.sign_in.as_ref()?.replace("{public_url}", &self.public_url))
    }

    /// Returns the page on which representatives answer join requests, if there is one.
    pub fn join_requests(&self) -> Option<String> {
        let own_page = || self.pages.enabled.then(|| "{public_url}/account/group".to_owned());
        self.links.join_requests.clone().or_else(own_page)
    }

    pub fn branding_name(&self) -> &str {
        self.pages.branding.name.as_deref().unwrap_or_else(|| self.site_name())
    }

    /// Returns the database that the settings name. An error does not contain the URL.
    pub fn location(&self) -> anyhow::Result<Location> {
        match &self.database.url {
            Some(url) => self.database.locate(url),
            None => Ok(Location::Sqlite(self.sqlite_file())),
        }
    }

    /// Returns the SQLite file, which is the database unless `database.url` names another one.
    pub fn sqlite_file(&self) -> PathBuf {
        self.data_dir.join("auth.sqlite3")
    }

    pub fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    /// Returns whether the settings name the file of the secret key. If so, it is not created when it is missing.
    pub fn names_secret_key_file(&self) -> bool {
        self.secret_key_file.is_some()
    }

    pub fn mail_directory(&self) -> PathBuf {
        self.mail.directory.clone().unwrap_or_else(|| self.data_dir.join("mail"))
    }

    pub fn acme_directory(&self) -> PathBuf {
        self.data_dir.join("acme")
    }
}

impl Passwords {
    pub fn hashing_threads(&self) -> usize {
        self.hashing_threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
