//! A round of deliveries, in one or more conversations with the mail server at a time.
//!
//! A round begins with one conversation. Each mail that the server takes adds another one while more mails wait, up to
//! `mail.connections`. If the server refuses one of these, the round continues with those that it has.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use anyhow::{Error, Result};

use super::{DeliveryReport, record, record_outcome};
use crate::app::App;
use crate::clock::Timestamp;
use crate::mail::{Conversation, Failure, FailureKind, Message};
use crate::store;
use crate::store::outbox::OutboxMessage;

/// The number of mails that are read from the database at a time. It is larger than `mail.connections` can be, so the oldest
/// due mails are never all under way while others wait.
const BATCH_SIZE: i64 = 100;
/// The number of mails that a server claims at a time on a database that servers share: two for each connection of the
/// default settings. If the server is killed, another one delivers the rest of them after [`LEASE`].
const CLAIM_SIZE: i64 = 64;
const LEASE: Duration = Duration::from_mins(11);
/// Longer than all timeouts of a delivery together, and the difference of the clocks of two servers. With less time left, no
/// delivery of a claimed mail is started.
const MAX_DELIVERY_TIME: Duration = Duration::from_mins(10);

pub(super) struct Round<'a, F> {
    app: &'a App,
    is_over: F,
    state: Mutex<State>,
    /// Notified when mails arrive in an empty queue, when a conversation is lost, and when the round ends.
    changed: Condvar,
}

struct State {
    /// Mails that are due and that no conversation has taken.
    queue: VecDeque<QueuedMail>,
    /// The ids of the mails that are under way. They are still due in a database that servers do not share.
    under_way: Vec<i64>,
    /// The number of conversations that have not failed.
    conversations: usize,
    max_conversations: usize,
    has_ended: bool,
    report: DeliveryReport,
    error: Option<Error>,
}

pub(super) struct QueuedMail {
    pub(super) id: i64,
    pub(super) created_at: Timestamp,
    pub(super) attempts: i64,
    message: Message,
    /// Until when no other server takes the mail. `None` if no other server uses the database.
    lease_end: Option<Timestamp>,
}

impl QueuedMail {
    fn new(mail: OutboxMessage, lease_end: Option<Timestamp>) -> Self {
        let OutboxMessage { id, recipient, subject, text, html, created_at, attempts, .. } = mail;
        Self { id, created_at, attempts, message: Message { recipient, subject, text, html }, lease_end }
    }
}

impl<'a, F: Fn() -> bool + Sync> Round<'a, F> {
    pub(super) fn new(app: &'a App, is_over: F) -> Self {
        let state = State {
            queue: VecDeque::new(),
            under_way: Vec::new(),
            conversations: 1,
            max_conversations: app.mailer.backend.max_conversations(),
            has_ended: false,
            report: DeliveryReport::default(),
            error: None,
        };
        Self { app, is_over, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Delivers all mail that is due, and makes claimed mail due again that was not attempted.
    pub(super) fn run(self) -> Result<DeliveryReport> {
        thread::scope(|scope| self.converse(scope));
        let mut state = self.lock();
        self.release(&mut state.queue)?;
        state.error.take().map_or(Ok(state.report), Err)
    }

    /// Delivers mails in one conversation until none is due or the conversation fails.
    fn converse<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let _end_on_panic = EndOnPanic(self);
        let mut conversation = Conversation::default();
        let mut step = || match self.next()? {
            Some(mail) => self.deliver(&mut conversation, mail),
            None => Ok(ControlFlow::Break(())),
        };
        loop {
            match step() {
                Ok(ControlFlow::Continue(())) => self.grow(scope),
                Ok(ControlFlow::Break(())) => return,
                Err(error) => {
                    let mut state = self.lock();
                    state.error.get_or_insert(error);
                    return self.end(&mut state);
                }
            }
        }
    }

    /// Takes the oldest mail. Returns `None` at the end of the round. While other mails are under way, the round does not
    /// end, because a conversation that the server refuses puts its mail back.
    fn next(&self) -> Result<Option<QueuedMail>> {
        let mut state = self.lock();
        loop {
            if (self.is_over)() {
                self.end(&mut state);
            }
            if state.has_ended {
                return Ok(None);
            }
            self.fill(&mut state)?;
            if let Some(mail) = state.queue.pop_front() {
                state.under_way.push(mail.id);
                return Ok(Some(mail));
            }
            if state.under_way.is_empty() {
                self.end(&mut state);
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Reads mails if the queue is empty, or if too little time is left for its mails.
    fn fill(&self, state: &mut State) -> Result<()> {
        let (app, now) = (self.app, self.app.clock.now());
        let is_late = |mail: &QueuedMail| mail.lease_end.is_some_and(|end| now.plus(MAX_DELIVERY_TIME) > end);
        if state.queue.front().is_some_and(is_late) {
            self.release(&mut state.queue)?;
        }
        if !state.queue.is_empty() {
            return Ok(());
        }
        let list_due = |limit| app.store.read_latest(|db| store::outbox::list_due(db, now, limit));
        let (mails, lease_end) = if !app.store.is_shared() {
            (list_due(BATCH_SIZE)?, None)
        } else if list_due(1)?.is_empty() {
            // Most rounds find nothing, and unlike a write, a read conflicts with no other server.
            return Ok(());
        } else {
            let end = now.plus(LEASE);
            (app.store.write(|tx| store::outbox::claim_due(tx, now, end, CLAIM_SIZE))?, Some(end))
        };
        // `mail retry` also makes mails due that are under way.
        let is_free = |mail: &OutboxMessage| !state.under_way.contains(&mail.id);
        state.queue =
            mails.into_iter().filter(is_free).map(|mail| QueuedMail::new(mail, lease_end)).collect();
        if !state.queue.is_empty() {
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Attempts one delivery and records the outcome. Breaks if the conversation failed.
    fn deliver(&self, conversation: &mut Conversation, mail: QueuedMail) -> Result<ControlFlow<()>> {
        let app = self.app;
        let attempt = app.outage.start_attempt(app.clock.now());
        let delivered = app.mailer.backend.deliver(conversation, &mail.message, mail.id, mail.created_at);
        let kind = delivered.as_ref().err().map(|failure| failure.kind);
        let is_broken = matches!(kind, Some(FailureKind::ServerUnavailable | FailureKind::ConversationLost));
        if is_broken {
            let mut state = self.lock();
            state.conversations -= 1;
            if state.conversations == 0 {
                attempt.failed();
            } else if let Err(Failure { kind: FailureKind::ServerUnavailable, summary, .. }) = delivered {
                // Many servers limit the connections of a client. The others still work, so the mail has not failed.
                state.max_conversations = state.conversations;
                state.under_way.retain(|id| *id != mail.id);
                state.queue.push_front(mail);
                self.changed.notify_all();
                let remaining = state.conversations;
                tracing::info!(
                    "the mail server refused another connection, and {remaining} remain: {summary}"
                );
                return Ok(ControlFlow::Break(()));
            }
        } else if kind == Some(FailureKind::Refused) {
            // Proves nothing: some mails are refused before the server is contacted.
            drop(attempt);
        } else {
            // A server that defers a mail can be reached.
            attempt.succeeded();
        }
        let outcome = record_outcome(app, &mail, delivered.err(), &self.is_over)?;
        let mut state = self.lock();
        state.under_way.retain(|id| *id != mail.id);
        if is_broken {
            // This conversation looks for no further mail, so idle ones have to find out that the round ends.
            self.changed.notify_all();
        }
        match outcome {
            None => state.report.delivered += 1,
            Some(FailureKind::Refused) => state.report.refused += 1,
            Some(_) => state.report.failed += 1,
        }
        Ok(if is_broken { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Begins another conversation if each one could take a mail and more would wait.
    fn grow<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let mut state = self.lock();
        if state.conversations >= state.max_conversations || state.queue.len() <= state.conversations {
            return;
        }
        match thread::Builder::new().spawn_scoped(scope, || self.converse(scope)) {
            Ok(_) => state.conversations += 1,
            Err(_) => state.max_conversations = state.conversations,
        }
    }

    /// Makes claimed mails due again that were not attempted, and empties the queue.
    fn release(&self, queue: &mut VecDeque<QueuedMail>) -> Result<()> {
        let claimed = || queue.iter().filter_map(|mail| Some((mail.id, mail.lease_end?)));
        if claimed().next().is_some() {
            let now = self.app.clock.now();
            record(self.app, &self.is_over, |tx| {
                claimed().try_for_each(|(id, end)| store::outbox::release(tx, id, end, now))
            })?;
        }
        queue.clear();
        Ok(())
    }

    fn end(&self, state: &mut State) {
        state.has_ended = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the round if a conversation panics. Otherwise the others would wait for its mail.
struct EndOnPanic<'a, 'b, F: Fn() -> bool + Sync>(&'a Round<'b, F>);

impl<F: Fn() -> bool + Sync> Drop for EndOnPanic<'_, '_, F> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end(&mut self.0.lock());
        }
    }
}
