//! The settings, which `config.example.toml` describes.
//!
//! That file is built in and contains the defaults, so that its values and the defaults are the same. The configuration
//! file overrides it, and environment variables override both.

mod accounts;
mod check;
mod computed;
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
mod setting;
mod smtp_url;
mod units;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

pub use accounts::{Accounts, Audience, Deletion, LoginField, RegisterField, UpdateField};
pub use check::{TEMPLATE_VARIABLES, is_own_path};
pub use graphql::GraphQl;
pub use http::{Http, Tls};
pub use limits::{Limit, Limits};
pub use load::{Loaded, load, load_text};
pub use log::{Log, LogFormat, LogLevel};
pub use mail::{Mail, Transport};
pub use setting::Setting;
pub use smtp_url::{Encryption, SmtpServer};
pub use units::Bytes;

/// All settings. Private ones have a default that depends on others; a method returns their value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    /// Never ends with a slash.
    pub public_url: String,
    site_name: Option<String>,
    pub data_dir: PathBuf,
    pub secret_key: Option<SecretString>,
    secret_key_file: Option<PathBuf>,
    pub mail: Mail,
    pub links: Links,
    pub tokens: Tokens,
    pub accounts: Accounts,
    pub groups: Groups,
    pub passwords: Passwords,
    pub graphql: GraphQl,
    pub pages: Pages,
    pub http: Http,
    pub limits: Limits,
    pub audit: Audit,
    pub metrics: Metrics,
    pub log: Log,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Links {
    pub activation: String,
    pub secondary_email: String,
    pub password_reset: String,
    pub password_set: String,
    pub join_requests: Option<String>,
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
    pub memory: Bytes,
    pub iterations: u32,
    pub parallelism: u32,
    hashing_threads: Option<usize>,
    pub min_length: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    pub enabled: bool,
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
    pub listen: Option<SocketAddr>,
}
