use std::cell::Cell;
use std::ops::Deref;

use super::{Caller, Credentials, Viewer};
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{FieldError, Result};
use crate::mail::MailKind;
use crate::outbox::{self, Recipient};
use crate::store::{self, Writer};

/// A write transaction, with the caller and the time of its beginning.
///
/// The transaction is committed if the rule returns `Ok`. If the rule rejects the request, only the writes before the last
/// [`Tx::keep_on_rejection`] are committed. After any other error, nothing is committed.
///
/// A rule may run several times, because a transaction that conflicts with another one is repeated. So a rule has no effects
/// outside the database.
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
    /// Runs a rule. Its caller is authenticated with the viewer's access token.
    pub fn run<T>(app: &App, viewer: &Viewer, rule: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        Self::run_with(app, &Credentials::from_viewer(app, viewer), rule)
    }

    /// Runs a rule with a verified access token, so that several transactions verify the token only once.
    pub fn run_with<T>(
        app: &App,
        credentials: &Credentials,
        rule: impl Fn(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        Self::run_in(app, credentials, false, rule)
    }

    fn run_in<T>(
        app: &App,
        credentials: &Credentials,
        is_operator: bool,
        rule: impl Fn(&Tx<'_>) -> Result<T>,
    ) -> Result<T> {
        store::with_result(|done| {
            let rule = |tx: &Tx<'_>| rule(tx).map(|value| done.set(Some(value)));
            Self::run_dyn(app, credentials, is_operator, &rule)
        })
    }

    fn run_dyn(
        app: &App,
        credentials: &Credentials,
        is_operator: bool,
        rule: &dyn Fn(&Tx<'_>) -> Result<()>,
    ) -> Result<()> {
        let has_mail = Cell::new(false);
        let outcome = app.store.write(|db| -> Result<Result<()>> {
            let tx = Tx { is_operator, ..Tx::new(app, db, credentials.caller(app, db)?) };
            if credentials.needs_recent_login {
                tx.require_recent_login()?;
            }
            let outcome = rule(&tx);
            has_mail.set(tx.has_mail.get());
            match outcome {
                Err(rejection) if rejection.is_rejection() && tx.has_savepoint.get() => {
                    tx.db.roll_back_to_savepoint()?;
                    Ok(Err(rejection))
                }
                Err(error) => Err(error),
                Ok(()) => Ok(Ok(())),
            }
        })?;
        if has_mail.get() {
            app.mail_enqueued.notify_one();
        }
        outcome
    }

    /// Runs a rule without authenticating its caller.
    pub fn run_anonymous<T>(app: &App, viewer: &Viewer, rule: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        Self::run_with(app, &Credentials::anonymous(app, viewer), rule)
    }

    /// Runs a rule for the command line.
    pub fn run_as_operator<T>(app: &App, rule: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        Operator::from(app).run(rule)
    }

    fn new(app: &'a App, db: &'a Writer<'a>, caller: Caller) -> Self {
        let (has_mail, has_savepoint) = (Cell::new(false), Cell::new(false));
        Self { app, caller, now: app.clock.now(), is_operator: false, db, has_mail, has_savepoint }
    }

    /// Keeps all writes so far even if the rule rejects the request later.
    pub fn keep_on_rejection(&self) {
        self.has_savepoint.set(true);
        self.db.savepoint();
    }

    /// Enqueues a mail for delivery after the commit.
    pub fn enqueue(&self, mail: &MailKind<'_>, recipient: &Recipient<'_>) -> Result<()> {
        self.has_mail.set(true);
        outbox::enqueue(self.app, self.db, mail, recipient)?;
        Ok(())
    }

    /// Does the work of [`Tx::enqueue`] without sending a mail, so that timing does not reveal whether an account exists.
    pub fn enqueue_decoy(&self) -> Result<()> {
        self.has_mail.set(true);
        Ok(outbox::enqueue_decoy(self.app, self.db)?)
    }
}

/// An operator of the server: the user of the command line, or a member of staff on the pages.
#[derive(Clone, Copy)]
pub struct Operator<'a> {
    pub app: &'a App,
    /// `None` for the command line.
    viewer: Option<&'a Viewer>,
}

/// The user of the command line.
impl<'a> From<&'a App> for Operator<'a> {
    fn from(app: &'a App) -> Self {
        Self { app, viewer: None }
    }
}

impl<'a> Operator<'a> {
    pub fn staff(app: &'a App, viewer: &'a Viewer) -> Self {
        Self { app, viewer: Some(viewer) }
    }

    /// Runs a rule. A member of staff must have proved recently to be the owner of the account.
    pub fn run<T>(self, rule: impl Fn(&Tx<'_>) -> Result<T>) -> Result<T> {
        let Some(viewer) = self.viewer else {
            let credentials = Credentials::anonymous(self.app, &Viewer::default());
            return Tx::run_in(self.app, &credentials, true, rule);
        };
        let credentials = Credentials::from_viewer(self.app, &viewer.after_recent_login());
        Tx::run_in(self.app, &credentials, true, |tx| {
            if !tx.caller.require_verified()?.is_staff {
                return Err(FieldError::UNAUTHENTICATED.into());
            }
            rule(tx)
        })
    }
}
