//! Checks the values of settings beyond their types. Each message begins with the setting.

mod addresses;
mod retention;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use secrecy::ExposeSecret as _;

use super::error_message::quoted;
use super::{Config, RegisterField, second_factor};

pub use addresses::is_own_path;

const MAX_CONNECTIONS: u32 = 1000;
const MAX_MAIL_CONNECTIONS: usize = 64;
const MAX_THREADS: usize = 512;
const MAX_PASSWORD_LENGTH: usize = 128;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);
const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

/// The limit of the memory of an Argon2 hash, in bytes. No password matches a hash that needs more.
pub const MAX_HASH_MEMORY: u64 = 1 << 30;
/// The limit of memory times iterations, to which the time of a hash is proportional: about six seconds on a small server.
pub const MAX_HASH_WORK: u64 = 8 << 30;

/// The variables of mail templates that the server sets. `mail.variables` adds further ones.
pub const TEMPLATE_VARIABLES: [&str; 17] = [
    "site_name",
    "name",
    "link",
    "sentence",
    "requester",
    "requester_email",
    "request_id",
    "inviter",
    "group",
    "approved",
    "ends_password",
    "api_url",
    "subject",
    "language",
    "accent",
    "on_accent",
    // The function that translates a sentence.
    "t",
];

pub(super) fn check(config: &Config) -> Result<()> {
    addresses::check(config)?;
    check_names(config)?;
    check_mail(config)?;
    check_database(config)?;
    check_lifetimes(config)?;
    check_accounts(config)?;
    check_passwords(config)?;
    check_graphql(config)?;
    check_limits(config)?;
    second_factor::check(config)?;
    retention::check(config)
}

fn check_names(config: &Config) -> Result<()> {
    let is_name = |name: &str| !name.trim().is_empty() && !name.chars().any(char::is_control);
    ensure!(is_name(config.site_name()), "site_name: write a name on one line, or remove the setting");
    ensure!(
        is_name(config.branding_name()),
        "pages.branding.name: write a name on one line, or remove the setting"
    );
    let accent = &config.pages.branding.accent;
    let digits = accent.strip_prefix('#').filter(|digits| digits.len() == 6);
    ensure!(
        digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())),
        "pages.branding.accent: {} is not a colour; write it as \"#1f6f54\"",
        quoted(accent)
    );
    Ok(())
}

fn check_mail(config: &Config) -> Result<()> {
    ensure!(
        (1..=MAX_MAIL_CONNECTIONS).contains(&config.mail.connections),
        "mail.connections: must be between 1 and {MAX_MAIL_CONNECTIONS}"
    );
    if let Some(name) = config.mail.variables.keys().find(|name| TEMPLATE_VARIABLES.contains(&name.as_str()))
    {
        bail!("mail.variables: the server sets \"{name}\" itself; choose another name");
    }
    Ok(())
}

fn check_database(config: &Config) -> Result<()> {
    let location = config.location().context("database.url")?;
    ensure!(
        (1..=MAX_CONNECTIONS).contains(&config.database.connections),
        "database.connections: must be between 1 and {MAX_CONNECTIONS}"
    );
    if !location.is_shared() {
        return Ok(());
    }
    ensure!(
        config.secret_key.is_some() || config.names_secret_key_file(),
        "database.url: set secret_key_file or secret_key as well, because servers that share a database need the same key"
    );
    ensure!(
        config.http.tls.acme.is_none(),
        "http.tls.acme: cannot be used with database.url, because each server would keep certificates of its own; \
         let the proxy in front of the servers use TLS"
    );
    Ok(())
}

fn check_lifetimes(config: &Config) -> Result<()> {
    let tokens = &config.tokens;
    for (name, lifetime) in [
        ("access_lifetime", tokens.access_lifetime),
        ("refresh_lifetime", tokens.refresh_lifetime),
        ("session_lifetime", tokens.session_lifetime),
        ("activation_lifetime", tokens.activation_lifetime),
        ("password_reset_lifetime", tokens.password_reset_lifetime),
        ("secondary_email_lifetime", tokens.secondary_email_lifetime),
        ("password_set_lifetime", tokens.password_set_lifetime),
        ("invitation_lifetime", tokens.invitation_lifetime),
    ] {
        ensure!(
            (SECOND..=CENTURY).contains(&lifetime),
            "tokens.{name}: must be between \"1 second\" and 100 years"
        );
    }
    ensure!(
        (DAY..=CENTURY).contains(&config.audit.kept),
        "audit.kept: must be between \"1 day\" and 100 years"
    );
    Ok(())
}

fn check_accounts(config: &Config) -> Result<()> {
    ensure!(
        config.secret_key.as_ref().is_none_or(|key| !key.expose_secret().is_empty()),
        "secret_key: must not be empty; remove it to get a random key"
    );
    let accounts = &config.accounts;
    ensure!(
        !accounts.login_fields.is_empty(),
        "accounts.login_fields: must not be empty, or no login is possible; add for example \"email\""
    );
    // With `passwordless_registration`, `register` returns no tokens.
    ensure!(
        !accounts.hide_existence || !accounts.login_unverified || accounts.passwordless_registration,
        "accounts.hide_existence: with accounts.login_unverified, the tokens in the reply to `register` reveal that an \
         account is new; turn one of the two settings off"
    );
    ensure!(
        accounts.register_required.contains(&RegisterField::Email),
        "accounts.register_required: must contain \"email\""
    );
    let duplicate =
        accounts.register_required.iter().find(|field| accounts.register_optional.contains(field));
    if let Some(field) = duplicate {
        let field = serde_json::json!(field);
        bail!(
            "accounts.register_optional: {field} is in accounts.register_required as well; remove it from one list"
        );
    }
    Ok(())
}

fn check_passwords(config: &Config) -> Result<()> {
    let passwords = &config.passwords;
    let kibibytes = u32::try_from(passwords.memory.as_u64() / 1024).unwrap_or(u32::MAX);
    // The upper limit of `parallelism` comes first: `Params::new` multiplies it before it checks it, and could overflow.
    ensure!(
        passwords.parallelism <= argon2::Params::MAX_P_COST
            && argon2::Params::new(kibibytes, passwords.iterations, passwords.parallelism, None).is_ok(),
        "passwords: parallelism and iterations must be at least 1, and memory at least 8 KiB times parallelism"
    );
    let (memory, iterations) = (passwords.memory.as_u64(), u64::from(passwords.iterations));
    ensure!(
        memory <= MAX_HASH_MEMORY,
        "passwords.memory: must be at most \"1 GiB\", because each login uses this much memory"
    );
    ensure!(
        memory * iterations <= MAX_HASH_WORK,
        "passwords.iterations: must be at most {} with this memory, because each login takes this much time",
        MAX_HASH_WORK / memory
    );
    ensure!(
        (1..=MAX_THREADS).contains(&config.passwords.hashing_threads()),
        "passwords.hashing_threads: must be between 1 and {MAX_THREADS}"
    );
    ensure!(
        (1..=MAX_PASSWORD_LENGTH).contains(&passwords.min_length),
        "passwords.min_length: must be between 1 and {MAX_PASSWORD_LENGTH}"
    );
    Ok(())
}

fn check_graphql(config: &Config) -> Result<()> {
    let graphql = &config.graphql;
    ensure!(
        graphql.max_depth > 0 && graphql.max_complexity > 0,
        "graphql.max_depth, graphql.max_complexity: must be at least 1, or every request is rejected"
    );
    ensure!(
        graphql.max_body.as_u64() >= 1024,
        "graphql.max_body: must be at least \"1 KiB\", or every request is rejected"
    );
    Ok(())
}

fn check_limits(config: &Config) -> Result<()> {
    for (name, limit) in config.limits.by_name() {
        ensure!(limit.free > 0, "limits.{name}.free: must be at least 1, or every attempt is rejected");
        ensure!(
            SECOND <= limit.forget && limit.forget <= 30 * DAY,
            "limits.{name}.forget: must be between \"1 second\" and \"30 days\""
        );
        ensure!(
            SECOND <= limit.pause && limit.pause <= limit.longest,
            "limits.{name}.pause: must be between \"1 second\" and limits.{name}.longest"
        );
        ensure!(limit.longest <= DAY, "limits.{name}.longest: must be at most \"1 day\"");
    }
    Ok(())
}
