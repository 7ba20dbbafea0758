//! The rules of the outbox for operators, on the command line and on pages.

use super::super::Account;
use crate::app::App;
use crate::error::{Error, Result};
use crate::security::audit::Event;
use crate::security::{Operator, Tx};
use crate::store::outbox::{OutboxMessage, State};
use crate::{paging, store};

/// A page of mails, newest first.
pub struct MailPage {
    pub mails: Vec<OutboxMessage>,
    /// The id before which the next page begins, if there are older mails.
    pub older: Option<i64>,
}

/// Returns at most `limit` mails: the newest ones, or those before an id.
pub fn list(app: &App, state: Option<State>, before: Option<i64>, limit: usize) -> Result<MailPage> {
    let before = before.unwrap_or(i64::MAX);
    let mut mails =
        app.store.read(|db| store::outbox::list_before(db, state, before, paging::to_read(limit)))?;
    let has_older = paging::cut(&mut mails, limit);
    let older = mails.last().filter(|_| has_older).map(|mail| mail.id);
    Ok(MailPage { mails, older })
}

pub fn find(app: &App, id: i64) -> Result<OutboxMessage> {
    app.store.read(|db| store::outbox::find_by_id(db, id))?.ok_or_else(|| missing(id))
}

/// Returns the account that a mail is about, if the account is known and exists.
pub fn find_account(app: &App, id: i64) -> Result<Option<Account>> {
    app.store.read(|db| match store::outbox::find_account(db, id)? {
        Some(account) => Ok(store::accounts::find_by_id(db, account)?),
        None => Ok(None),
    })
}

/// Returns a mail for an operator to read. It may contain a link that gives access to an account, so this is recorded.
pub fn show<'a>(by: impl Into<Operator<'a>>, id: i64) -> Result<OutboxMessage> {
    by.into().run(|tx| {
        let mail = store::outbox::find_by_id(tx, id)?.ok_or_else(|| missing(id))?;
        record(tx, id, Event::MailShown(&id.to_string()))?;
        Ok(mail)
    })
}

/// Queues a mail for immediate delivery. A delivered mail is sent again only with `again`. Returns false if it is not.
pub fn retry<'a>(by: impl Into<Operator<'a>>, id: i64, again: bool) -> Result<bool> {
    let by = by.into();
    let is_queued = by.run(|tx| {
        store::outbox::find_by_id(tx, id)?.ok_or_else(|| missing(id))?;
        let is_queued = store::outbox::set_due(tx, id, tx.now, again)?;
        if is_queued {
            record(tx, id, Event::MailRetried(&id.to_string()))?;
        }
        Ok(is_queued)
    })?;
    by.app.mail_enqueued.notify_one();
    Ok(is_queued)
}

/// Queues all waiting and refused mails for immediate delivery. Returns their number.
pub fn retry_all<'a>(by: impl Into<Operator<'a>>) -> Result<usize> {
    let by = by.into();
    let queued = by.run(|tx| {
        let queued = store::outbox::set_all_due(tx, tx.now)?;
        if queued > 0 {
            tx.record(None, Event::MailsRetried)?;
        }
        Ok(queued)
    })?;
    by.app.mail_enqueued.notify_one();
    Ok(queued)
}

/// Returns the links in the text of a mail.
pub fn links(text: &str) -> Vec<&str> {
    let is_link = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
    text.split_whitespace().filter(is_link).collect()
}

fn record(tx: &Tx<'_>, id: i64, event: Event<'_>) -> Result<()> {
    tx.record(store::outbox::find_account(tx, id)?, event)
}

fn missing(id: i64) -> Error {
    Error::bad_request(format!("there is no mail with the id {id}; `mail list` prints the ids"))
}
