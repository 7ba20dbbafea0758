//! Limits on attempts: passwords, registrations, mails, tokens and changes (OWASP ASVS 6.3.1, 2.4.1).
//!
//! Some attempts are free; after that, each must wait longer than the one before. No account is locked: a client that
//! waits gets through, and an owner who has logged in from a client before is not throttled by the attempts of others.
//!
//! A password attempt is counted in a transaction of its own before the password is checked, so that parallel attempts
//! are counted one by one and an error does not make one free. Tokens cannot be guessed; invalid ones are counted
//! afterwards, to limit the noise.

use std::time::Duration;

use strum::IntoStaticStr;

use super::audit::Event;
use super::{Tx, Viewer};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Limit;
use crate::email;
use crate::error::{Error, FieldError, Result};
use crate::store::accounts::{Account, AccountId};
use crate::store::attempts::Attempts;
use crate::store::{self, Reader};

/// How long a client is known from which the owner of an account has logged in.
pub const KNOWN_CLIENT_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// The known clients per account.
const MAX_KNOWN_CLIENTS: i64 = 200;

/// A counter of attempts.
struct Counter<'a> {
    limit: &'a Limit,
    /// The name of the limit in the settings.
    setting: &'static str,
    name: String,
}

fn counter<'a>(setting: &'static str, limit: &'a Limit, kind: &str, subject: &str) -> Counter<'a> {
    Counter { limit, setting, name: format!("{kind}:{subject}") }
}

/// The account whose password is tried.
pub enum AttemptTarget<'a> {
    Account(&'a Account),
    /// A name that no account has. Its attempts are counted as if an account had it.
    UnknownName(String),
}

impl AttemptTarget<'_> {
    fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account.id),
            Self::UnknownName(_) => None,
        }
    }
}

/// An attempt that was counted before the password is checked.
pub struct PasswordAttempt {
    /// The counter of this client and account.
    own: String,
    /// The other counters, with the times of their previous attempts.
    others: Vec<(String, Option<Timestamp>)>,
    counted_at: Timestamp,
    network: String,
}

/// The purpose of a mail that a client requests. Purposes are counted separately, so that requests for one kind of mail do
/// not hold up another.
#[derive(Clone, Copy, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum MailPurpose {
    Registration,
    Activation,
    Password,
    #[strum(serialize = "secondary")]
    SecondaryEmail,
    Group,
    JoinRequest,
}

impl PasswordAttempt {
    /// Counts an attempt. Returns `None` if throttling is turned off.
    pub fn begin(tx: &Tx<'_>, target: &AttemptTarget<'_>) -> Result<Option<Self>> {
        let limits = &tx.app.config.limits;
        if !limits.enabled {
            return Ok(None);
        }
        let network = tx.caller.client.network();
        let subject = match target {
            AttemptTarget::Account(account) => account.id.to_string(),
            AttemptTarget::UnknownName(name) => email::hash(name),
        };
        let own = counter("password", &limits.password, "password", &format!("{subject}@{network}"));
        let mut others = Vec::new();
        if !is_known_client(tx, target, &network)? {
            let by_client = &limits.password_per_client;
            others.push(counter("password_per_client", by_client, "passwords-by", &network));
            let on_account = &limits.password_per_account;
            others.push(counter("password_per_account", on_account, "passwords-on", &subject));
        }
        count(tx, target.account(), [&own])?;
        let before = count(tx, target.account(), &others)?;
        let others = others.into_iter().map(|counter| counter.name).zip(before).collect();
        Ok(Some(Self { own: own.name, others, counted_at: tx.now, network }))
    }

    /// Takes the attempt back, because the password was right: the attempts before it were the owner's.
    pub fn succeeded(self, tx: &Tx<'_>, account: &Account) -> Result<()> {
        store::attempts::delete(tx, &self.own)?;
        for (name, before) in &self.others {
            store::attempts::take_back(tx, name, self.counted_at, *before)?;
        }
        remember_client(tx, account, &self.network)
    }
}

/// Records that the owner of an account was authenticated at the client without a password, by a mailed link.
pub fn owner_was_seen(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if !tx.app.config.limits.enabled {
        return Ok(());
    }
    remember_client(tx, account, &tx.caller.client.network())
}

fn remember_client(tx: &Tx<'_>, account: &Account, network: &str) -> Result<()> {
    store::known_clients::upsert(tx, account.id, network, tx.now)?;
    Ok(store::known_clients::delete_beyond(tx, account.id, MAX_KNOWN_CLIENTS)?)
}

/// Whether the owner of the account is the caller, or has logged in from the client before.
fn is_known_client(tx: &Tx<'_>, target: &AttemptTarget<'_>, network: &str) -> Result<bool> {
    let AttemptTarget::Account(account) = target else { return Ok(false) };
    let is_caller = tx.caller.account.as_ref().is_some_and(|own| own.id == account.id);
    Ok(is_caller || store::known_clients::exists(tx, account.id, network)?)
}

pub fn registration(tx: &Tx<'_>) -> Result<()> {
    let limit = &tx.app.config.limits.registration;
    count_once(tx, &counter("registration", limit, "registrations-by", &tx.caller.client.network()))
}

/// Counts the mail of a registration that succeeds. Rejected ones do not count: otherwise a client could keep others from
/// registering their addresses.
pub fn registration_mail(tx: &Tx<'_>, address: &str) -> Result<()> {
    count_once(tx, &mails_to(tx.app, MailPurpose::Registration, address))
}

/// Counts a requested mail, even if the rule rejects the request later.
pub fn mail(tx: &Tx<'_>, purpose: MailPurpose, address: &str) -> Result<()> {
    count(tx, None, &[mails_by(tx), mails_to(tx.app, purpose, address)])?;
    tx.keep_on_rejection()
}

/// Counts the mail of a join request. Returns false if others caused too many of them to that address: the mail is left
/// out then, but the request stands. Otherwise others could keep people from joining.
pub fn join_request_mail(tx: &Tx<'_>, requester: &Account, representative: &str) -> Result<bool> {
    let limit = &tx.app.config.limits.mail_per_address;
    let subject = format!("{}:{}", requester.id, email::hash(&email::key(representative)));
    let own = counter("mail_per_address", limit, "join-requests-of", &subject);
    count(tx, None, &[mails_by(tx), own])?;
    match count_once(tx, &mails_to(tx.app, MailPurpose::JoinRequest, representative)) {
        Ok(()) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Counts a change of a working group. Otherwise members could fill the disk with audit entries and mails.
pub fn group_change(tx: &Tx<'_>) -> Result<()> {
    count_once(tx, &changes(tx.app, "group-changes-by", &tx.caller.client.network()))
}

/// Counts a change of the account by its owner. Each account has a counter of its own, so that neighbors in a network
/// do not hold it up.
pub fn account_change(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    count(tx, Some(account), [&account_changes(tx, account)]).map(drop)
}

/// Rejects a change that [`account_change`] would throttle, and counts nothing.
pub fn require_account_change(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    if !tx.app.config.limits.enabled {
        return Ok(());
    }
    check(tx, tx.now, &account_changes(tx, account)).map(drop)
}

/// Counts an invalid token. Valid ones are always accepted: they cannot be guessed, and a client that sends invalid ones
/// must not hold up others at its address.
pub fn invalid_token(app: &App, viewer: &Viewer) -> Result<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    let by_client = counter("token", &app.config.limits.token, "tokens-by", &viewer.client().network());
    // A throttled client causes no write.
    app.store.read(|db| check(db, app.clock.now(), &by_client).map(drop))?;
    Tx::run_anonymous(app, viewer, |tx| count_once(tx, &by_client))
}

/// Rejects a refresh token, which counts as an attempt.
pub fn reject_token<T>(app: &App, viewer: &Viewer) -> Result<T> {
    invalid_token(app, viewer)?;
    Err(FieldError::INVALID_TOKEN.into())
}

fn account_changes<'a>(tx: &Tx<'a>, account: AccountId) -> Counter<'a> {
    changes(tx.app, "changes-of", &format!("{account}@{}", tx.caller.client.network()))
}

fn changes<'a>(app: &'a App, kind: &str, subject: &str) -> Counter<'a> {
    counter("change", &app.config.limits.change, kind, subject)
}

fn mails_by<'a>(tx: &Tx<'a>) -> Counter<'a> {
    let limit = &tx.app.config.limits.mail_per_client;
    counter("mail_per_client", limit, "mails-by", &tx.caller.client.network())
}

fn mails_to<'a>(app: &'a App, purpose: MailPurpose, address: &str) -> Counter<'a> {
    let subject = format!("{}:{}", <&str>::from(purpose), email::hash(&email::key(address)));
    counter("mail_per_address", &app.config.limits.mail_per_address, "mails-to", &subject)
}

fn count_once(tx: &Tx<'_>, counter: &Counter<'_>) -> Result<()> {
    count(tx, None, [counter]).map(drop)
}

/// Adds an attempt to each counter, and returns the times of their previous attempts. Rejects the attempt if a counter is
/// throttled. The attempt after which the next one must wait is recorded in the audit log; the rejected ones after it are
/// not, because they add no information.
fn count<'a>(
    tx: &Tx<'_>,
    account: Option<AccountId>,
    counters: impl IntoIterator<Item = &'a Counter<'a>>,
) -> Result<Vec<Option<Timestamp>>> {
    let mut before = Vec::new();
    if !tx.app.config.limits.enabled {
        return Ok(before);
    }
    for counter in counters {
        let (attempts, counted_at) = check(tx, tx.now, counter)?;
        before.push(counted_at);
        let counted = attempts + 1;
        let remembered = counter.limit.forget.saturating_mul(u32::try_from(counted).unwrap_or(u32::MAX));
        let attempts = Attempts { counted, counted_at: tx.now, forgotten_at: tx.now.plus(remembered) };
        store::attempts::upsert(tx, &counter.name, attempts)?;
        if !pause_after(counted, counter.limit).is_zero() {
            tx.record_anonymous(account, Event::SlowedDown(counter.setting))?;
        }
    }
    Ok(before)
}

/// Returns the number of remembered attempts and the time as of which they are remembered, or rejects the next attempt.
fn check(db: &Reader<'_>, now: Timestamp, counter: &Counter<'_>) -> Result<(i64, Option<Timestamp>)> {
    let Some(attempts) = store::attempts::find(db, &counter.name)? else { return Ok((0, None)) };
    let forgotten = forgotten_after(now.since(attempts.counted_at), counter.limit);
    let counted = attempts.counted.saturating_sub(forgotten.into()).max(0);
    let end = attempts.counted_at.plus(pause_after(counted, counter.limit));
    // If the clock was set back, the age of the last attempt is unknown, and the next one does not wait.
    if attempts.counted_at <= now && now < end {
        return Err(FieldError::too_many_attempts(end.since(now)).into());
    }
    // Each attempt is forgotten once: the remaining ones are remembered as of the end of the time that this took.
    Ok((counted, Some(attempts.counted_at.plus(counter.limit.forget.saturating_mul(forgotten)))))
}

/// Returns how many attempts are forgotten after a time without one.
fn forgotten_after(idle: Duration, limit: &Limit) -> u32 {
    u32::try_from(idle.as_micros() / limit.forget.as_micros().max(1)).unwrap_or(u32::MAX)
}

/// Returns how long the next attempt must wait.
fn pause_after(counted: i64, limit: &Limit) -> Duration {
    match u32::try_from(counted - i64::from(limit.free)) {
        Err(_) => Duration::ZERO,
        Ok(beyond) => limit.pause.saturating_mul(2_u32.saturating_pow(beyond)).min(limit.longest),
    }
}

impl FieldError {
    fn too_many_attempts(pause: Duration) -> Self {
        let seconds = u32::try_from(pause.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1);
        let (number, unit) = match seconds {
            0..=90 => (seconds, "second"),
            91..=5400 => (seconds.div_ceil(60), "minute"),
            _ => (seconds.div_ceil(3600), "hour"),
        };
        let plural = if number == 1 { "" } else { "s" };
        let message = format!("Too many attempts. Try again in {number} {unit}{plural}.");
        Self { message: message.into(), code: "too_many_attempts", retry_after: Some(seconds) }
    }
}
