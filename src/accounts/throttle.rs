//! How often things may be tried: passwords, registrations, mails and tokens (OWASP ASVS 6.3.1, 2.4.1).
//!
//! An attempt at a password, a registration or a mail is counted before it is made, in a transaction of its own, so that
//! attempts at the same time count one by one and a fault does not set one free. Tokens cannot be guessed: those that
//! are not good are counted afterwards, to keep the noise down. Some attempts are free, then each has to wait longer than
//! the one before. Nobody is locked out: who waits gets through, and an owner who was here before is not held up by what
//! others try.

use std::time::Duration;

use super::audit::{self, Actor, Event};
use super::{Account, AccountId, Error, FieldError, Result, Viewer, email, sessions};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Limit;
use crate::store::attempts::Attempts;
use crate::store::{self, Reader, Writer};

/// How long a client from which an owner logged in is known.
pub(super) const CLIENTS_KEPT: Duration = Duration::from_hours(90 * 24);

/// The clients that are known of an account: more than anybody logs in from in that time.
const MOST_CLIENTS: i64 = 200;

/// What is counted together.
struct Name<'a> {
    limit: &'a Limit,
    /// That of the limit in the settings.
    setting: &'static str,
    text: String,
}

fn name<'a>(setting: &'static str, limit: &'a Limit, kind: &str, of: &str) -> Name<'a> {
    Name { limit, setting, text: format!("{kind}:{of}") }
}

/// The account or name whose password is tried.
pub(super) enum AttemptTarget<'a> {
    /// Of an account.
    Of(&'a Account),
    /// Of a name that no account has, by kind and key. It is counted as if one had.
    Nobody(String),
}

impl AttemptTarget<'_> {
    fn account(&self) -> Option<AccountId> {
        match self {
            Self::Of(account) => Some(account.id),
            Self::Nobody(_) => None,
        }
    }
}

/// A password that is about to be tried.
pub(super) struct PasswordAttempt {
    /// The attempts of this client on this account.
    own: String,
    /// The others that it counts among, and the moment as of which the attempts before it are remembered there.
    others: Vec<(String, Option<Timestamp>)>,
    /// By when it was counted.
    counted_at: Timestamp,
    network: String,
}

/// What a mail is about that somebody asks for. Each is counted by itself, so that nobody can keep a link for a new
/// password from others by asking for mails of another kind.
#[derive(Clone, Copy)]
pub enum MailPurpose {
    /// A registration.
    Registration,
    /// The link that activates an account.
    Activation,
    /// The link for a new password.
    Password,
    /// The link that confirms a secondary address.
    SecondaryEmail,
    /// Being added to a working group.
    Group,
    /// Somebody who asks to join a working group.
    JoinRequest,
}

impl MailPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Activation => "activation",
            Self::Password => "password",
            Self::SecondaryEmail => "secondary",
            Self::Group => "group",
            Self::JoinRequest => "join-request",
        }
    }
}

impl PasswordAttempt {
    /// Counts a try.
    ///
    /// # Errors
    /// A refusal that says when to try again.
    pub(super) fn begin(app: &App, viewer: &Viewer, target: &AttemptTarget<'_>) -> Result<Option<Self>> {
        let limits = &app.config.limits;
        if !limits.enabled {
            return Ok(None);
        }
        let network = viewer.client().network();
        let subject = match target {
            AttemptTarget::Of(account) => account.id.to_string(),
            AttemptTarget::Nobody(name) => email::hash(name),
        };
        let own = name("password", &limits.password, "password", &format!("{subject}@{network}"));
        app.store.write(|tx| {
            let mut others = Vec::new();
            if !is_known(app, tx, viewer, target, &network)? {
                let by_client = &limits.password_per_client;
                others.push(name("password_per_client", by_client, "passwords-by", &network));
                let on_account = &limits.password_per_account;
                others.push(name("password_per_account", on_account, "passwords-on", &subject));
            }
            count(app, tx, viewer, target.account(), [&own])?;
            let before = count(app, tx, viewer, target.account(), &others)?;
            let others = others.into_iter().map(|name| name.text).zip(before).collect();
            Ok(Some(Self { own: own.text, others, counted_at: app.clock.now(), network }))
        })
    }

    /// Notes that the owner of an account was seen at a client, without a password: by a link from a mail.
    pub(super) fn was_seen(app: &App, tx: &Writer<'_>, viewer: &Viewer, account: &Account) -> Result<()> {
        if !app.config.limits.enabled {
            return Ok(());
        }
        remember(app, tx, account, &viewer.client().network())
    }

    /// Notes that the password was right: the tries before it were its owner's.
    pub(super) fn succeeded(self, app: &App, tx: &Writer<'_>, account: &Account) -> Result<()> {
        store::attempts::delete(tx, &self.own)?;
        for (name, before) in &self.others {
            store::attempts::take_back(tx, name, self.counted_at, *before)?;
        }
        remember(app, tx, account, &self.network)
    }
}

/// Remembers a client of the owner of an account, in place of the one that was seen least recently if there are too many.
fn remember(app: &App, tx: &Writer<'_>, account: &Account, network: &str) -> Result<()> {
    store::known_clients::upsert(tx, account.id, network, app.clock.now())?;
    Ok(store::known_clients::delete_beyond(tx, account.id, MOST_CLIENTS)?)
}

/// Whether the owner of the account is logged in with this request, or has logged in from there.
fn is_known(
    app: &App,
    db: &Reader<'_>,
    viewer: &Viewer,
    target: &AttemptTarget<'_>,
    network: &str,
) -> Result<bool> {
    let AttemptTarget::Of(account) = target else { return Ok(false) };
    let asks = sessions::identify(app, db, viewer)?.is_some_and(|asking| asking.id == account.id);
    Ok(asks || store::known_clients::exists(db, account.id, network)?)
}

/// Counts a registration.
///
/// # Errors
/// A refusal that says when to try again.
pub(super) fn registration(app: &App, viewer: &Viewer) -> Result<()> {
    let limits = &app.config.limits;
    if !limits.enabled {
        return Ok(());
    }
    let by = name("registration", &limits.registration, "registrations-by", &viewer.client().network());
    app.store.write(|tx| count(app, tx, viewer, None, [&by]).map(drop))
}

/// Counts the mail that a registration causes, and not one that is refused: who registers others' addresses again and
/// again must not keep them from doing so.
///
/// # Errors
/// A refusal that says when to try again.
pub(super) fn registration_mail(app: &App, tx: &Writer<'_>, viewer: &Viewer, address: &str) -> Result<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    count(app, tx, viewer, None, [&mails_to(app, MailPurpose::Registration, address)]).map(drop)
}

/// Counts a mail that somebody asks for, whether or not the address is known.
///
/// # Errors
/// A refusal that says when to try again.
pub fn mail(app: &App, viewer: &Viewer, about: MailPurpose, address: &str) -> Result<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    app.store.write(|tx| {
        count(app, tx, viewer, None, &[mails_by(app, viewer), mails_to(app, about, address)]).map(drop)
    })
}

/// Counts the mail that a join request causes. Returns false if others had enough of them sent to that address: the mail is
/// left out then, and the request stands, because others could keep people from asking otherwise.
///
/// # Errors
/// A refusal that says when to try again, if the account asked that representative too often, or the client caused too
/// many mails.
pub fn join_request_mail(
    app: &App,
    tx: &Writer<'_>,
    viewer: &Viewer,
    asking: &Account,
    representative: &str,
) -> Result<bool> {
    let limits = &app.config.limits;
    if !limits.enabled {
        return Ok(true);
    }
    let of = format!("{}:{}", asking.id, email::hash(&email::key(representative)));
    let own = name("mail_per_address", &limits.mail_per_address, "join-requests-of", &of);
    count(app, tx, viewer, None, &[mails_by(app, viewer), own])?;
    match count(app, tx, viewer, None, [&mails_to(app, MailPurpose::JoinRequest, representative)]) {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Counts a change of a working group, so that members cannot fill the disk with entries of the audit and mails.
///
/// # Errors
/// A refusal that says when to try again.
pub fn group_change(app: &App, tx: &Writer<'_>, viewer: &Viewer) -> Result<()> {
    change(app, tx, viewer, None, &change_name(app, "group-changes-by", &viewer.client().network()))
}

/// Counts a change of the account by its owner, apart from those of neighbors: they must not keep the owner from acting.
///
/// # Errors
/// A refusal that says when to try again.
pub(super) fn account_change(app: &App, tx: &Writer<'_>, viewer: &Viewer, account: AccountId) -> Result<()> {
    change(app, tx, viewer, Some(account), &account_changes(app, viewer, account))
}

/// Looks at the limit of [`account_change`] and counts nothing.
///
/// # Errors
/// A refusal that says when to try again.
pub(super) fn require_account_change(
    app: &App,
    db: &Reader<'_>,
    viewer: &Viewer,
    account: AccountId,
) -> Result<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    look(app, db, &account_changes(app, viewer, account)).map(drop)
}

fn account_changes<'a>(app: &'a App, viewer: &Viewer, account: AccountId) -> Name<'a> {
    change_name(app, "changes-of", &format!("{account}@{}", viewer.client().network()))
}

fn change_name<'a>(app: &'a App, kind: &str, of: &str) -> Name<'a> {
    name("change", &app.config.limits.change, kind, of)
}

fn change(
    app: &App,
    tx: &Writer<'_>,
    viewer: &Viewer,
    account: Option<AccountId>,
    name: &Name<'_>,
) -> Result<()> {
    if !app.config.limits.enabled {
        return Ok(());
    }
    count(app, tx, viewer, account, [name]).map(drop)
}

fn mails_by<'a>(app: &'a App, viewer: &Viewer) -> Name<'a> {
    name("mail_per_client", &app.config.limits.mail_per_client, "mails-by", &viewer.client().network())
}

fn mails_to<'a>(app: &'a App, about: MailPurpose, address: &str) -> Name<'a> {
    let limit = &app.config.limits.mail_per_address;
    let of = format!("{}:{}", about.as_str(), email::hash(&email::key(address)));
    name("mail_per_address", limit, "mails-to", &of)
}

/// Calls a rule that takes a token, and counts one that is not good. A good one is taken however many others were not:
/// nobody guesses one, and whoever sends nonsense must not keep those at the same address from theirs.
///
/// # Errors
/// A refusal that says when to try again, or those of the rule.
pub(super) fn token<T>(app: &App, viewer: &Viewer, rule: impl FnOnce() -> Result<T>) -> Result<T> {
    if !app.config.limits.enabled {
        return rule();
    }
    let outcome = rule();
    let is_guess = |errors: &super::FieldErrors| {
        errors.has(&FieldError::INVALID_TOKEN) || errors.has(&FieldError::EXPIRED_TOKEN)
    };
    if matches!(&outcome, Err(Error::Refused(errors)) if is_guess(errors)) {
        let by = name("token", &app.config.limits.token, "tokens-by", &viewer.client().network());
        // Where it has to wait, nothing is written.
        app.store.read(|db| look(app, db, &by).map(drop))?;
        app.store.write(|tx| count(app, tx, viewer, None, [&by]).map(drop))?;
    }
    outcome
}

/// Counts one attempt of each name, or of none if one of them has to wait, and returns for each name as of when those
/// before it are remembered. The attempt that has the next one wait is recorded in the audit: what is refused until then
/// tells nothing more, however much it is.
fn count<'a>(
    app: &App,
    tx: &Writer<'_>,
    viewer: &Viewer,
    account: Option<AccountId>,
    names: impl IntoIterator<Item = &'a Name<'a>>,
) -> Result<Vec<Option<Timestamp>>> {
    let now = app.clock.now();
    let mut before = Vec::new();
    for name in names {
        let (counted, counted_at) = look(app, tx, name)?;
        before.push(counted_at);
        let counted = counted + 1;
        let kept = name.limit.forget.saturating_mul(u32::try_from(counted).unwrap_or(u32::MAX));
        let attempts = Attempts { counted, counted_at: now, forgotten_at: now.plus(kept) };
        store::attempts::upsert(tx, &name.text, attempts)?;
        if !wait(counted, name.limit).is_zero() {
            audit::record(app, tx, Actor::Somebody(viewer), account, Event::SlowedDown(name.setting))?;
        }
    }
    Ok(before)
}

/// Returns how many attempts of a name are remembered now, and as of when, or a refusal if the next has to wait.
fn look(app: &App, db: &Reader<'_>, name: &Name<'_>) -> Result<(i64, Option<Timestamp>)> {
    let Some(attempts) = store::attempts::find(db, &name.text)? else { return Ok((0, None)) };
    let now = app.clock.now();
    let forgotten = forgotten(now.since(attempts.counted_at), name.limit);
    let counted = attempts.counted.saturating_sub(forgotten.into()).max(0);
    let end = attempts.counted_at.plus(wait(counted, name.limit));
    // Where the clock was set back, nobody knows how long ago the last attempt was: the next begins anew.
    if attempts.counted_at <= now && now < end {
        return Err(FieldError::too_many_attempts(end.since(now)).into());
    }
    // What is forgotten is forgotten once: the time that it took has passed for those that are left.
    Ok((counted, Some(attempts.counted_at.plus(name.limit.forget.saturating_mul(forgotten)))))
}

/// Returns how many attempts are forgotten in a time without one.
fn forgotten(idle: Duration, limit: &Limit) -> u32 {
    u32::try_from(idle.as_micros() / limit.forget.as_micros().max(1)).unwrap_or(u32::MAX)
}

/// How long after the last of so many attempts the next has to wait.
fn wait(counted: i64, limit: &Limit) -> Duration {
    match u32::try_from(counted - i64::from(limit.free)) {
        Err(_) => Duration::ZERO,
        Ok(beyond) => limit.pause.saturating_mul(2_u32.saturating_pow(beyond)).min(limit.longest),
    }
}

impl FieldError {
    fn too_many_attempts(wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX).max(1);
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
