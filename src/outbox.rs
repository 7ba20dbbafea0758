//! Mail is promised in the transaction that causes it and delivered after that transaction: a mail server that is
//! down delays mail and nothing else, and no mail speaks of what was rolled back.
//!
//! Delivery is tried until it works, until the mail server refuses that mail for good, or until it has put that mail off
//! for days. A server that is killed between handing a mail over and noting so hands it over again: twice is better than
//! never.

use std::time::Duration;

use anyhow::Result;

use crate::app::App;
use crate::mail::{Failure, FailureKind, MailKind, Message};
use crate::store::outbox::OutboxMessage;
use crate::store::{self, Writer};

/// How many mails are read from the database at a time.
const BATCH: i64 = 100;
/// Mails that have left or were refused are kept this long, so that `mail show` can repeat a link.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// The longest wait between two attempts: what keeps mail from leaving may have passed, and some links are good for an
/// hour.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// A mail that is put off is given up when it is as old as this. Four to five days at least, says RFC 5321 §4.5.4.1. One
/// that only waits for a mail server that takes no mail at all is kept.
const OLDEST: Duration = Duration::from_hours(5 * 24);

/// Promises a mail to `recipient`, who is called by `name` in it, and answers its number.
///
/// # Errors
/// If it cannot be worded or stored.
pub fn enqueue(app: &App, tx: &Writer<'_>, kind: &MailKind<'_>, recipient: &str, name: &str) -> Result<i64> {
    let message = app.mailer.write(kind, recipient, name)?;
    let Message { recipient, subject, text, html } = &message;
    store::outbox::insert(tx, recipient, subject, text, html, app.clock.now())
        .map_err(store::Error::into_inner)
}

/// Does the work of promising a mail for nothing, so that time does not tell whether there was somebody to mail.
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_decoy(app: &App, tx: &Writer<'_>) -> Result<()> {
    let id = enqueue(app, tx, &MailKind::Hint(""), "", "")?;
    store::outbox::delete(tx, id).map_err(store::Error::into_inner)
}

/// The result of one round of deliveries.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Mails that left.
    pub delivered: usize,
    /// Mails that are tried again later.
    pub failed: usize,
    /// Mails that were refused for good.
    pub refused: usize,
}

/// Delivers all mail that is due, oldest first, and forgets what is long done.
///
/// Where no mail can leave, the round ends: hundreds of mails must not run into a dead server one after another. What
/// it did not come to stays due.
///
/// # Errors
/// If the database fails. A mail that cannot leave is no error: it waits.
pub fn deliver_due(app: &App) -> Result<DeliveryReport> {
    deliver_until(app, || false)
}

/// [`deliver_due`], but begins no further mail once time `is_over`.
///
/// # Errors
/// As [`deliver_due`].
pub fn deliver_until(app: &App, is_over: impl Fn() -> bool) -> Result<DeliveryReport> {
    let mut report = DeliveryReport::default();
    'report: loop {
        let due = app.store.read(|db| store::outbox::list_due(db, app.clock.now(), BATCH));
        let due = due.map_err(store::Error::into_inner)?;
        if due.is_empty() {
            break;
        }
        for message in due {
            if is_over() {
                break 'report;
            }
            match deliver(app, message).map_err(store::Error::into_inner)? {
                None => report.delivered += 1,
                Some(FailureKind::Refused) => report.refused += 1,
                Some(FailureKind::Waits) => report.failed += 1,
                Some(FailureKind::NoneLeaves) => {
                    report.failed += 1;
                    break 'report;
                }
            }
        }
    }
    app.mailer.rest();
    forget(app).map_err(store::Error::into_inner)?;
    Ok(report)
}

/// Looks before it writes: this is called every few seconds.
fn forget(app: &App) -> store::Result<()> {
    let moment = app.clock.now().minus(KEPT);
    if app.store.read(|db| store::outbox::was_any_done_before(db, moment))? {
        app.store.write(|tx| store::outbox::delete_done_before(tx, moment))?;
    }
    Ok(())
}

/// Nothing if it left.
fn deliver(app: &App, waiting: OutboxMessage) -> store::Result<Option<FailureKind>> {
    let OutboxMessage { id, recipient, subject, text, html, created_at, attempts, .. } = waiting;
    let attempt = app.outage.begin_attempt(app.clock.now());
    let handed_over = app.mailer.deliver(&Message { recipient, subject, text, html }, id, created_at);
    let now = app.clock.now();
    match handed_over.as_ref().map_err(|failure| failure.kind) {
        Err(FailureKind::NoneLeaves) => attempt.fails(),
        // A refused mail changes nothing: some are refused before the server is contacted.
        Err(FailureKind::Refused) => drop(attempt),
        Ok(()) | Err(FailureKind::Waits) => attempt.succeeds(),
    }
    let Err(failure) = handed_over else {
        app.store.write(|tx| store::outbox::set_delivered(tx, id, now))?;
        return Ok(None);
    };
    let is_too_old = failure.kind == FailureKind::Waits && now.since(created_at) >= OLDEST;
    let Failure { kind, summary, cause } = if is_too_old { failure.after(OLDEST) } else { failure };
    if kind == FailureKind::Refused {
        tracing::warn!(mail = id, "a mail was refused and is given up; see `mail show {id}`: {summary}");
        app.store.write(|tx| store::outbox::set_refused(tx, id, &cause, now))?;
    } else {
        tracing::warn!(mail = id, attempt = attempts + 1, "a mail could not leave and waits: {summary}");
        let due_at = now.plus(wait_after(attempts + 1));
        app.store.write(|tx| store::outbox::set_failed(tx, id, &cause, due_at))?;
    }
    Ok(Some(kind))
}

/// 30 seconds after the first failure, twice as long after each further one, an hour at most.
fn wait_after(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    Duration::from_secs(30 << doublings).min(LONGEST_WAIT)
}
