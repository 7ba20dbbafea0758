//! Links that operators send to owners of accounts. Operators never choose a password for somebody (OWASP ASVS 6.4.6).

use super::find;
use crate::accounts::{Account, activation, password};
use crate::error::Result;
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::security::audit::Event;
use crate::security::{Operator, action_links};
use crate::store;
use crate::tokens::action::Action;

/// What [`send_password_link`] mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentLink {
    /// A link to choose a new password.
    Reset,
    /// A link to choose the first password.
    FirstPassword,
    /// A link to confirm the address, which also ends the password.
    Activation,
}

/// Mails the owner a link to choose a password.
pub fn send_password_link<'a>(by: impl Into<Operator<'a>>, name: &str) -> Result<(Account, SentLink)> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        tx.record(account.id, Event::ResetRequested)?;
        let has_password = store::accounts::find_password_hash(tx, account.id)?.is_some();
        let sent = if !has_password {
            password::enqueue_first(tx, &account)?;
            SentLink::FirstPassword
        } else if account.verified_at.is_none() {
            // As with a reset that the owner requests: a stranger may have registered the address with a password of theirs.
            store::accounts::set_activation_ends_password(tx, account.id)?;
            activation::enqueue_mail(tx, &Account { activation_ends_password: true, ..account.clone() })?;
            SentLink::Activation
        } else {
            let token = action_links::issue(tx.app, Action::PasswordReset, &account, None)?;
            let recipient = Recipient::owner(&account, &account.email, account.salutation());
            tx.enqueue(&MailKind::PasswordReset(&token), &recipient)?;
            SentLink::Reset
        };
        Ok((account, sent))
    })
}
