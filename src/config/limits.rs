//! `[limits]`: how often things may be tried.

use std::time::Duration;

use serde::Deserialize;

/// `[limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Whether attempts are limited.
    pub enabled: bool,
    /// Passwords tried on one account by one client.
    pub password: Limit,
    /// Passwords tried by one client, whatever the account.
    pub password_per_client: Limit,
    /// Passwords tried on one account, whatever the client.
    pub password_per_account: Limit,
    /// Registrations by one client.
    pub registration: Limit,
    /// Mails to one address that somebody asks for.
    pub mail_per_address: Limit,
    /// Mails that one client asks for.
    pub mail_per_client: Limit,
    /// Tokens that are not good, by one client.
    pub token: Limit,
    /// Changes of working groups by one client, and changes of one account by one client.
    pub change: Limit,
}

/// How often something may be tried: some attempts are free, then each has to wait longer than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Attempts that need not wait.
    pub free: u32,
    /// One attempt is forgotten each time this has passed since the last.
    #[serde(with = "humantime_serde")]
    pub forget: Duration,
    /// How long the first that has to wait waits; the next waits twice as long.
    #[serde(with = "humantime_serde")]
    pub pause: Duration,
    /// No attempt waits longer.
    #[serde(with = "humantime_serde")]
    pub longest: Duration,
}

impl Limits {
    /// Each limit with its name.
    pub fn each(&self) -> [(&'static str, &Limit); 8] {
        [
            ("password", &self.password),
            ("password_per_client", &self.password_per_client),
            ("password_per_account", &self.password_per_account),
            ("registration", &self.registration),
            ("mail_per_address", &self.mail_per_address),
            ("mail_per_client", &self.mail_per_client),
            ("token", &self.token),
            ("change", &self.change),
        ]
    }
}
