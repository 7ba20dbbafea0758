//! The unit of work of a rule.

use std::cell::Cell;
use std::ops::Deref;

use super::{Caller, Credentials, Viewer};
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::mail::MailKind;
use crate::outbox;
use crate::store::Writer;

/// A write transaction with its caller and time. The caller is read once, at the beginning.
///
/// It is committed if the rule returns `Ok`. If the rule rejects the request, only what was written before
/// [`Tx::keep_on_rejection`] is committed. After any other error, nothing is.
pub struct Tx<'a> {
    pub app: &'a App,
    pub caller: Caller,
    pub now: Timestamp,
    pub(super) is_operator: bool,
    db: &'a Writer<'a>,
    has_mail: Cell<bool>,
    has_savepoint: Cell<bool>,
}

impl<'a> Deref for Tx<'a> {
    type Target = Writer<'a>;

    fn deref(&self) -> &Self::Target {
        self.db
    }
}

impl<'a> Tx<'a> {
    /// Runs a rule for the owner of the viewer's access token, if it is valid.
    pub fn run<T>(app: &App, viewer: &Viewer, rule: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        Self::run_with(app, &Credentials::verify(app, viewer), rule)
    }

    /// Like [`Tx::run`], for rules with several transactions: the access token is verified once.
    pub fn run_with<T>(
        app: &App,
        credentials: &Credentials,
        rule: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut has_mail = false;
        let outcome = app.store.write(|db| -> Result<Result<T>> {
            let tx = Tx::new(app, db, credentials.caller(db)?);
            let outcome = rule(&tx);
            has_mail = tx.has_mail.get();
            match outcome {
                Err(rejection) if rejection.is_rejection() && tx.has_savepoint.get() => {
                    tx.db.roll_back_to_savepoint()?;
                    Ok(Err(rejection))
                }
                Err(error) => Err(error),
                Ok(done) => Ok(Ok(done)),
            }
        })?;
        if has_mail {
            app.mail_enqueued.notify_one();
        }
        outcome
    }

    /// Runs a rule that ignores access tokens.
    pub fn run_anonymous<T>(
        app: &App,
        viewer: &Viewer,
        rule: impl FnOnce(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        Self::run_with(app, &Credentials::anonymous(viewer), rule)
    }

    /// Runs a rule for the command line.
    pub fn run_as_operator<T>(app: &App, rule: impl FnOnce(&Tx<'_>) -> Result<T>) -> Result<T> {
        app.store.write(|db| rule(&Tx { is_operator: true, ..Tx::new(app, db, Caller::default()) }))
    }

    fn new(app: &'a App, db: &'a Writer<'a>, caller: Caller) -> Self {
        let (has_mail, has_savepoint) = (Cell::new(false), Cell::new(false));
        Self { app, caller, now: app.clock.now(), is_operator: false, db, has_mail, has_savepoint }
    }

    /// Keeps what was written so far even if the rule rejects the request later.
    pub fn keep_on_rejection(&self) -> Result<()> {
        self.has_savepoint.set(true);
        Ok(self.db.savepoint()?)
    }

    /// Enqueues a mail, which is delivered after the commit. It addresses the recipient by `name`.
    pub fn enqueue(&self, mail: &MailKind<'_>, recipient: &str, name: &str) -> Result<()> {
        self.has_mail.set(true);
        outbox::enqueue(self.app, self.db, mail, recipient, name)?;
        Ok(())
    }

    /// Takes the time of [`Tx::enqueue`] without sending anything, so that time does not tell whether an account exists.
    pub fn enqueue_decoy(&self) -> Result<()> {
        self.has_mail.set(true);
        Ok(outbox::enqueue_decoy(self.app, self.db)?)
    }
}
