//! Mail is stored in the transaction that causes it and delivered after that transaction. A rollback sends no mail, and
//! an unreachable mail server delays only mail.
//!
//! Delivery is retried until it succeeds, the mail server refuses the mail for good, or it has deferred the mail for days.
//! If this program is killed before it has recorded a delivery, it delivers the mail again.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;

use crate::app::App;
use crate::clock::Timestamp;
use crate::mail::{Failure, FailureKind, MailKind, Message};
use crate::store::outbox::OutboxMessage;
use crate::store::{self, Writer};

/// The number of mails that are read from the database at a time.
const BATCH_SIZE: i64 = 100;
/// The number of mails that a server claims at a time on a database that servers share, and for how long. If the server is
/// killed, another one delivers the rest of them after this time.
const CLAIM_SIZE: i64 = 10;
const LEASE: Duration = Duration::from_mins(11);
/// Longer than all timeouts of a delivery together, and the difference of the clocks of two servers. With less time left, no
/// delivery of a claimed mail is started.
const MAX_DELIVERY_TIME: Duration = Duration::from_mins(10);
/// How often the record of a delivery is attempted on a database that servers share. Each attempt waits for some seconds, so
/// together they outlast a failover.
const MAX_RECORDS: u32 = 6;
/// How long delivered and refused mails are kept, so that `mail show` can repeat a link.
const RETENTION: Duration = Duration::from_hours(7 * 24);
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The longest wait between two attempts. Links that expire after an hour would not survive a longer one.
const MAX_RETRY_DELAY: Duration = Duration::from_hours(1);
/// The age at which a deferred mail is refused. RFC 5321 §4.5.4.1 requires at least four to five days. There is no
/// such limit while the mail server is unavailable.
const MAX_AGE: Duration = Duration::from_hours(5 * 24);

/// Enqueues a mail that addresses its recipient by `name`, and returns its id.
pub fn enqueue(app: &App, tx: &Writer<'_>, kind: &MailKind<'_>, recipient: &str, name: &str) -> Result<i64> {
    let message = app.mailer.templates.render(kind, recipient, name)?;
    let Message { recipient, subject, text, html } = &message;
    store::outbox::insert(tx, recipient, subject, text, html, app.clock.now())
}

/// Takes the time of [`enqueue`] without an effect, so that timing does not reveal whether an account exists.
pub fn enqueue_decoy(app: &App, tx: &Writer<'_>) -> Result<()> {
    let id = enqueue(app, tx, &MailKind::Hint(""), "", "")?;
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
pub fn deliver_until(app: &App, is_over: impl Fn() -> bool) -> Result<DeliveryReport> {
    let mut report = DeliveryReport::default();
    loop {
        let mut batch = Batch::take(app)?;
        if batch.mails.is_empty() {
            break;
        }
        let outcome = batch.deliver(app, &is_over, &mut report);
        batch.release(app, &is_over)?;
        if outcome?.is_break() {
            break;
        }
    }
    app.mailer.backend.disconnect();
    delete_old(app)?;
    Ok(report)
}

/// Mails that are due and have not been attempted yet.
struct Batch {
    mails: VecDeque<OutboxMessage>,
    /// Until when no other server takes the mails. `None` if no other server uses the database.
    lease_end: Option<Timestamp>,
}

impl Batch {
    fn take(app: &App) -> Result<Self> {
        let now = app.clock.now();
        let list_due = |limit| app.store.read_latest(|db| store::outbox::list_due(db, now, limit));
        if !app.store.is_shared() {
            return Ok(Self { mails: list_due(BATCH_SIZE)?.into(), lease_end: None });
        }
        let lease_end = now.plus(LEASE);
        // Most rounds find nothing, and unlike a write, a read conflicts with no other server.
        if list_due(1)?.is_empty() {
            return Ok(Self { mails: VecDeque::new(), lease_end: None });
        }
        let mails = app.store.write(|tx| store::outbox::claim_due(tx, now, lease_end, CLAIM_SIZE))?;
        Ok(Self { mails: mails.into(), lease_end: Some(lease_end) })
    }

    fn deliver(
        &mut self,
        app: &App,
        is_over: &impl Fn() -> bool,
        report: &mut DeliveryReport,
    ) -> Result<ControlFlow<()>> {
        while !self.mails.is_empty() {
            if is_over() {
                return Ok(ControlFlow::Break(()));
            }
            if self.lease_end.is_some_and(|end| app.clock.now().plus(MAX_DELIVERY_TIME) > end) {
                break;
            }
            let Some(message) = self.mails.pop_front() else { break };
            match deliver(app, message, is_over)? {
                None => report.delivered += 1,
                Some(FailureKind::Refused) => report.refused += 1,
                Some(FailureKind::Retry) => report.failed += 1,
                Some(FailureKind::ServerUnavailable) => {
                    report.failed += 1;
                    // Each other mail would wait for the same timeout.
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Makes the remaining mails due again.
    fn release(&self, app: &App, is_over: &impl Fn() -> bool) -> Result<()> {
        let Some(lease_end) = self.lease_end.filter(|_| !self.mails.is_empty()) else { return Ok(()) };
        let now = app.clock.now();
        record(app, is_over, |tx| {
            self.mails.iter().try_for_each(|mail| store::outbox::release(tx, mail.id, lease_end, now))
        })
    }
}

fn delete_old(app: &App) -> Result<()> {
    let limit = app.clock.now().minus(RETENTION);
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

/// Attempts one delivery and records the outcome. Returns `None` if it succeeded.
fn deliver(app: &App, waiting: OutboxMessage, is_over: &impl Fn() -> bool) -> Result<Option<FailureKind>> {
    let OutboxMessage { id, recipient, subject, text, html, created_at, attempts, .. } = waiting;
    let attempt = app.outage.start_attempt(app.clock.now());
    let delivered = app.mailer.backend.deliver(&Message { recipient, subject, text, html }, id, created_at);
    let now = app.clock.now();
    match delivered.as_ref().map_err(|failure| failure.kind) {
        Err(FailureKind::ServerUnavailable) => attempt.failed(),
        // Proves nothing: some mails are refused before the server is contacted.
        Err(FailureKind::Refused) => drop(attempt),
        // A server that defers a mail can be reached.
        Ok(()) | Err(FailureKind::Retry) => attempt.succeeded(),
    }
    let Err(mut failure) = delivered else {
        record(app, is_over, |tx| store::outbox::set_delivered(tx, id, now))?;
        return Ok(None);
    };
    if failure.kind == FailureKind::Retry && now.since(created_at) >= MAX_AGE {
        failure = failure.refuse_after(MAX_AGE);
    }
    let Failure { kind, summary, cause } = failure;
    if kind == FailureKind::Refused {
        tracing::warn!(mail = id, "a mail was refused and is not retried; see `mail show {id}`: {summary}");
        record(app, is_over, |tx| store::outbox::set_refused(tx, id, &cause, now))?;
    } else {
        tracing::warn!(
            mail = id,
            attempt = attempts + 1,
            "a mail was not delivered and is retried: {summary}"
        );
        let due_at = now.plus(retry_delay(attempts + 1));
        record(app, is_over, |tx| store::outbox::set_failed(tx, id, &cause, due_at))?;
    }
    Ok(Some(kind))
}

/// Doubles the delay with each failure.
fn retry_delay(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    (FIRST_RETRY_DELAY * 2_u32.pow(doublings)).min(MAX_RETRY_DELAY)
}
