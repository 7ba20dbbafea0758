//! Mail is stored in the transaction that causes it and delivered after that transaction. A rollback sends no mail, and
//! an unreachable mail server delays only mail.
//!
//! Delivery is retried until it succeeds, the mail server refuses the mail for good, or it has deferred the mail for days.
//! If this program is killed before it has recorded a delivery, it delivers the mail again.

mod round;

use std::time::Duration;

use anyhow::Result;

use crate::app::App;
use crate::email;
use crate::mail::{Failure, FailureKind, MailKind, Message};
use crate::store::accounts::{Account, AccountId};
use crate::store::outbox::NewMessage;
use crate::store::{self, Writer};
use round::{QueuedMail, Round};

/// How often the record of a delivery is attempted on a database that servers share. Each attempt waits for some seconds, so
/// together they outlast a failover.
const MAX_RECORDS: u32 = 6;
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The longest wait between two attempts. Links that expire after an hour would not survive a longer one.
const MAX_RETRY_DELAY: Duration = Duration::from_hours(1);
/// The age at which a deferred mail is refused. RFC 5321 §4.5.4.1 requires at least four to five days. There is no
/// such limit while the mail server is unavailable.
const MAX_AGE: Duration = Duration::from_hours(5 * 24);

#[derive(Default, Clone, Copy)]
pub struct Recipient<'a> {
    pub email: &'a str,
    /// The name in the salutation.
    pub name: &'a str,
    /// The code of the language of the mail. `None` for the language of the site.
    pub language: Option<&'a str>,
    /// The account that the mail is about. The mail is erased with it. `None` for a mail that stays.
    pub about: Option<AccountId>,
}

impl<'a> Recipient<'a> {
    /// The owner of an account, at an address that the account has or requests.
    pub fn owner(account: &'a Account, email: &'a str, name: &'a str) -> Self {
        Self { email, name, language: account.language.as_deref(), about: Some(account.id) }
    }
}

/// Enqueues a mail, and returns its id.
pub fn enqueue(app: &App, tx: &Writer<'_>, kind: &MailKind<'_>, recipient: &Recipient<'_>) -> Result<i64> {
    let Recipient { email, name, language, about } = *recipient;
    let Message { recipient, subject, text, html } =
        app.mailer.templates.render(kind, email, name, app.languages.get(language))?;
    let recipient_key = email::key(&recipient);
    let new = NewMessage {
        recipient: &recipient,
        recipient_key: &recipient_key,
        subject: &subject,
        text: &text,
        html: &html,
        account: about,
    };
    store::outbox::insert(tx, &new, app.clock.now())
}

/// Takes the time of [`enqueue`] without an effect, so that timing does not reveal whether an account exists.
pub fn enqueue_decoy(app: &App, tx: &Writer<'_>) -> Result<()> {
    let id = enqueue(app, tx, &MailKind::Hint(""), &Recipient::default())?;
    store::outbox::delete(tx, id)
}

/// The results of one round of deliveries.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryReport {
    pub delivered: usize,
    /// Mails that will be retried.
    pub failed: usize,
    pub refused: usize,
}

/// Delivers all mail that is due, oldest first, and deletes old mail. Starts no further mail once `is_over` returns true.
pub fn deliver_until(app: &App, is_over: impl Fn() -> bool + Sync) -> Result<DeliveryReport> {
    let report = Round::new(app, is_over).run()?;
    delete_old(app)?;
    Ok(report)
}

fn delete_old(app: &App) -> Result<()> {
    let limit = app.clock.now().minus(app.config.retention.mails);
    // This runs every few seconds, and unlike a write, a read blocks no writer.
    if app.store.read_latest(|db| store::outbox::has_finished_before(db, limit))? {
        app.store.write(|tx| store::outbox::delete_finished_before(tx, limit))?;
    }
    Ok(())
}

/// Records what happened to mails. On a database that servers share, it outlasts a failover: otherwise a mail would be
/// delivered again, and the rest of its batch would wait for the end of its lease. A repetition after a commit whose reply was
/// lost does no harm.
fn record(app: &App, is_over: &impl Fn() -> bool, work: impl Fn(&Writer<'_>) -> Result<()>) -> Result<()> {
    let mut attempts = 1;
    loop {
        let outcome = app.store.write(&work);
        let Err(error) = &outcome else { return outcome };
        let is_outage = store::is_storage_error(error) || store::is_commit_unknown(error);
        if !is_outage || !app.store.is_shared() || attempts == MAX_RECORDS || is_over() {
            return outcome;
        }
        attempts += 1;
    }
}

/// Records that a mail was delivered, or why not. Returns what that means for the mail.
fn record_outcome(
    app: &App,
    mail: &QueuedMail,
    failure: Option<Failure>,
    is_over: &impl Fn() -> bool,
) -> Result<Option<FailureKind>> {
    let (id, now) = (mail.id, app.clock.now());
    let Some(mut failure) = failure else {
        record(app, is_over, |tx| store::outbox::set_delivered(tx, id, now))?;
        return Ok(None);
    };
    if failure.kind == FailureKind::Retry && now.since(mail.created_at) >= MAX_AGE {
        failure = failure.refuse_after(MAX_AGE);
    }
    let Failure { kind, summary, cause } = failure;
    if kind == FailureKind::Refused {
        tracing::warn!(mail = id, "a mail was refused and is not retried; see `mail show {id}`: {summary}");
        record(app, is_over, |tx| store::outbox::set_refused(tx, id, &cause, now))?;
    } else {
        let attempt = mail.attempts + 1;
        tracing::warn!(mail = id, attempt, "a mail was not delivered and is retried: {summary}");
        let due_at = now.plus(retry_delay(attempt));
        record(app, is_over, |tx| store::outbox::set_failed(tx, id, &cause, due_at))?;
    }
    Ok(Some(kind))
}

/// Doubles the delay with each failure.
fn retry_delay(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    (FIRST_RETRY_DELAY * 2_u32.pow(doublings)).min(MAX_RETRY_DELAY)
}
