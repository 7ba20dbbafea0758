//! Limits on attempts: passwords, registrations, mails, tokens and changes (OWASP ASVS 6.3.1, 2.4.1).
//!
//! The first attempts are free. Each further one must wait longer than the one before, and attempts are forgotten one by
//! one. No account is ever locked. An owner who has logged in from a network before is not throttled there because of
//! passwords that others try elsewhere. Codes of second factors are counted for the account alone.
//!
//! A password attempt is counted in a transaction of its own before the password is checked, so that parallel attempts
//! are counted one by one and failing requests are counted as well. Tokens cannot be guessed. Invalid ones are counted
//! only to limit the load.

mod names;
mod own_counters;
mod second_factor;

use std::time::Duration;

use strum::{EnumIter, IntoStaticStr};

use super::audit::Event;
use super::{Tx, Viewer};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Limit;
use crate::digest::sha256_hex;
use crate::email;
use crate::error::{Error, FieldError, Result};
use crate::store::accounts::{Account, AccountId};
use crate::store::attempts::Attempts;
use crate::store::{self, Reader};
pub use own_counters::{OwnCounter, delete_own, list_own};
pub use second_factor::{count_code, forget_codes};

/// How long a client is remembered after the owner of an account logged in from it.
pub const KNOWN_CLIENT_LIFETIME: Duration = Duration::from_hours(90 * 24);

const MAX_KNOWN_CLIENTS: i64 = 200;
/// How far the clocks of servers on one database may differ.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_mins(5);

struct Counter<'a> {
    limit: &'a Limit,
    /// The name of the limit in the settings.
    setting: &'static str,
    name: String,
}

/// An attempt that was counted before the password is checked.
pub struct PasswordAttempt {
    /// The name of the counter of this client and account.
    own: String,
    /// The other counters: when the counter last changed before this attempt, which is needed to undo it, and its name.
    others: Vec<(Option<Timestamp>, String)>,
    counted_at: Timestamp,
}

/// The purpose of a mail that a client requests. Purposes are counted separately, so that requests for one kind of mail do
/// not throttle another.
#[derive(Clone, Copy, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum MailPurpose {
    Registration,
    Activation,
    Password,
    #[strum(serialize = "secondary")]
    SecondaryEmail,
    Group,
    JoinRequest,
    Invitation,
}

impl PasswordAttempt {
    /// Counts an attempt on an account, or on a name that no account has. Returns `None` if throttling is turned off.
    pub fn begin(tx: &Tx<'_>, account: Option<&Account>, name: &str) -> Result<Option<Self>> {
        let limits = &tx.app.config.limits;
        if !limits.enabled {
            return Ok(None);
        }
        let network = tx.caller.client.network();
        let account = account.map(|account| account.id);
        let subject = account.map_or_else(|| sha256_hex(name), |id| id.to_string());
        let own = Counter::new("password", &limits.password, names::password(&subject, &network));
        let by_client = names::passwords_by(&network);
        let by_client = Counter::new("password_per_client", &limits.password_per_client, by_client);
        let on_account = names::passwords_on(&subject);
        let on_account = Counter::new("password_per_account", &limits.password_per_account, on_account);
        let (own_name, mut counters) = (own.name.clone(), vec![own]);
        if !is_known_client(tx, account, &network)? {
            counters.extend([by_client, on_account]);
        }
        let before = Counter::count_all(tx, &counters, account)?;
        let others = before.into_iter().zip(counters).skip(1).map(|(before, counter)| (before, counter.name));
        Ok(Some(Self { own: own_name, others: others.collect(), counted_at: tx.now }))
    }

    /// Takes the attempt back, because the password was right, and forgets earlier attempts of the client on the account.
    pub fn take_back(&self, tx: &Tx<'_>) -> Result<()> {
        store::attempts::delete(tx, &self.own)?;
        for (before, name) in &self.others {
            store::attempts::take_back(tx, name, self.counted_at, *before)?;
        }
        Ok(())
    }
}

/// Remembers that the owner of an account was authenticated at the client.
pub fn remember_client(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if !tx.app.config.limits.enabled {
        return Ok(());
    }
    let network = tx.caller.client.network();
    if store::known_clients::set_seen(tx, account.id, &network, tx.now)? {
        return Ok(());
    }
    store::known_clients::insert(tx, account.id, &network, tx.now)?;
    Ok(store::known_clients::delete_beyond(tx, account.id, MAX_KNOWN_CLIENTS)?)
}

/// Returns whether the owner of the account is the caller, or was authenticated at the client before.
fn is_known_client(tx: &Tx<'_>, account: Option<AccountId>, network: &str) -> Result<bool> {
    let Some(account) = account else { return Ok(false) };
    let is_caller = tx.caller.account.as_ref().is_some_and(|own| own.id == account);
    Ok(is_caller || store::known_clients::exists(tx, account, network)?)
}

pub fn registration(tx: &Tx<'_>) -> Result<()> {
    let (limit, network) = (&tx.app.config.limits.registration, tx.caller.client.network());
    Counter::new("registration", limit, names::registrations_by(&network)).count(tx, None)
}

/// Counts the mail of a successful registration by its address. If rejected registrations counted, a client could prevent
/// the owner of an address from registering it.
pub fn registration_mail(tx: &Tx<'_>, address: &str) -> Result<()> {
    Counter::of_mails_to(tx, MailPurpose::Registration, address).count(tx, None)
}

/// Counts a requested mail, even if the rule rejects the request later.
pub fn mail(tx: &Tx<'_>, purpose: MailPurpose, address: &str) -> Result<()> {
    let counters = [Counter::of_mails_by_client(tx), Counter::of_mails_to(tx, purpose, address)];
    Counter::count_all(tx, &counters, None)?;
    tx.keep_on_rejection();
    Ok(())
}

/// Counts the mail of a join request, or rejects it if the client or the requester caused too many. Returns false if all
/// requesters together caused too many: the request is then made without a mail, or others could prevent it.
pub fn join_request_mail(tx: &Tx<'_>, requester: &Account, representative: &str) -> Result<bool> {
    let limit = &tx.app.config.limits.mail_per_address;
    let name = names::join_requests_of(requester.id, &email::hash(representative));
    Counter::of_mails_by_client(tx).count(tx, None)?;
    Counter::new("mail_per_address", limit, name).count(tx, None)?;
    match Counter::of_mails_to(tx, MailPurpose::JoinRequest, representative).count(tx, None) {
        Ok(()) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Counts a change of a working group, because each adds audit entries and mails to the database.
pub fn group_change(tx: &Tx<'_>) -> Result<()> {
    let (limit, network) = (&tx.app.config.limits.change, tx.caller.client.network());
    Counter::new("change", limit, names::group_changes_by(&network)).count(tx, None)
}

/// Counts a change of the account by its owner. Each pair of account and network has a counter, so that
/// accounts on one network do not throttle one another.
pub fn account_change(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    Counter::of_account_changes(tx, account).count(tx, Some(account))
}

/// Counts an export of the data of an account by its owner. It reads much more than a change.
pub fn export(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    let name = names::exports_of(account, &tx.caller.client.network());
    Counter::new("export", &tx.app.config.limits.export, name).count(tx, Some(account))
}

/// Rejects a change that [`account_change`] would throttle, without counting it.
pub fn require_account_change(tx: &Tx<'_>, account: AccountId) -> Result<()> {
    if !tx.app.config.limits.enabled {
        return Ok(());
    }
    Counter::of_account_changes(tx, account).require(tx, tx.now)
}

/// Counts an invalid token. Valid tokens are never throttled: they cannot be guessed, and other users may share the network
/// of a client that sends invalid ones.
pub fn invalid_token(app: &App, viewer: &Viewer) -> Result<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    let counter = Counter::new("token", &app.config.limits.token, names::tokens_by(&viewer.client.network()));
    // A throttled client causes no write.
    app.store.read_latest(|db| counter.require(db, app.clock.now()))?;
    Tx::run_anonymous(app, viewer, |tx| counter.count(tx, None))
}

impl<'a> Counter<'a> {
    fn new(setting: &'static str, limit: &'a Limit, name: String) -> Self {
        Self { limit, setting, name }
    }

    fn of_account_changes(tx: &Tx<'a>, account: AccountId) -> Self {
        let name = names::changes_of(account, &tx.caller.client.network());
        Self::new("change", &tx.app.config.limits.change, name)
    }

    fn of_mails_by_client(tx: &Tx<'a>) -> Self {
        let name = names::mails_by(&tx.caller.client.network());
        Self::new("mail_per_client", &tx.app.config.limits.mail_per_client, name)
    }

    fn of_mails_to(tx: &Tx<'a>, purpose: MailPurpose, address: &str) -> Self {
        let name = names::mails_to(purpose, address);
        Self::new("mail_per_address", &tx.app.config.limits.mail_per_address, name)
    }

    /// Counts an attempt, or rejects it if it is too early.
    fn count(&self, tx: &Tx<'_>, account: Option<AccountId>) -> Result<()> {
        Self::count_all(tx, std::slice::from_ref(self), account).map(drop)
    }

    /// Counts an attempt with each counter, or rejects it if it is too early for one. Returns when each counter last changed
    /// before this attempt. The audit log records the counted attempts that make the next one wait.
    fn count_all(
        tx: &Tx<'_>,
        counters: &[Self],
        account: Option<AccountId>,
    ) -> Result<Vec<Option<Timestamp>>> {
        if !tx.app.config.limits.enabled {
            return Ok(vec![None; counters.len()]);
        }
        let names: Vec<&str> = counters.iter().map(|counter| counter.name.as_str()).collect();
        let stored = store::attempts::list(tx, &names)?;
        let (mut changes, mut counted_before) = (Vec::new(), Vec::new());
        for counter in counters {
            let stored = stored.iter().find(|(name, _)| *name == counter.name);
            let (attempts, counted_at) = counter.check(stored.map(|(_, attempts)| attempts), tx.now)?;
            let counted = attempts + 1;
            let remembered = counter.limit.forget.saturating_mul(u32::try_from(counted).unwrap_or(u32::MAX));
            let forgotten_at = tx.now.plus(remembered);
            changes.push((counter.name.as_str(), Attempts { counted, counted_at: tx.now, forgotten_at }));
            counted_before.push(counted_at);
        }
        store::attempts::upsert(tx, &changes)?;
        for (counter, (_, attempts)) in counters.iter().zip(&changes) {
            if !pause_after(attempts.counted, counter.limit).is_zero() {
                tx.record_anonymous(account, Event::SlowedDown(counter.setting))?;
            }
        }
        Ok(counted_before)
    }

    /// Rejects an attempt that is too early, without counting it.
    fn require(&self, db: &Reader<'_>, now: Timestamp) -> Result<()> {
        let stored = store::attempts::list(db, &[&self.name])?;
        self.check(stored.first().map(|(_, attempts)| attempts), now).map(drop)
    }

    /// Returns the number of attempts that are not forgotten, and when it last changed. Rejects an attempt that is too early.
    fn check(&self, stored: Option<&Attempts>, now: Timestamp) -> Result<(i64, Option<Timestamp>)> {
        let Some(attempts) = stored else { return Ok((0, None)) };
        let forget = self.limit.forget;
        let idle = now.since(attempts.counted_at);
        let forgotten = u32::try_from(idle.as_micros() / forget.as_micros().max(1)).unwrap_or(u32::MAX);
        let counted = attempts.counted.saturating_sub(forgotten.into()).max(0);
        let pause = pause_after(counted, self.limit);
        let end_of_pause = attempts.counted_at.plus(pause);
        // If the clock was set back further than this, the age of the last attempt is unknown, and the next one does not wait.
        let is_age_known = attempts.counted_at <= now.plus(MAX_CLOCK_DIFFERENCE);
        if !pause.is_zero() && is_age_known && now < end_of_pause {
            return Err(FieldError::too_many_attempts(end_of_pause.since(now)).into());
        }
        Ok((counted, Some(attempts.counted_at.plus(forget.saturating_mul(forgotten)))))
    }
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
        let (minutes, hours) = (seconds.div_ceil(60), seconds.div_ceil(3600));
        // Each number has a sentence of its own that can be translated. There is none for 1 minute or 1 hour, because the
        // shorter unit reaches beyond it.
        let message = match seconds {
            ..=1 => "Too many attempts. Try again in 1 second.".to_owned(),
            2..=90 => format!("Too many attempts. Try again in {seconds} seconds."),
            91..=5400 => format!("Too many attempts. Try again in {minutes} minutes."),
            _ => format!("Too many attempts. Try again in {hours} hours."),
        };
        Self { message: message.into(), code: "too_many_attempts", retry_after: Some(seconds) }
    }
}
