//! Mails that tell the owner of an account that it changed, so that a thief cannot go unnoticed.

use super::{Account, Result, email};
use crate::app::App;
use crate::mail::MailKind;
use crate::outbox;
use crate::store::Writer;

pub(super) const PASSWORD_CHANGED: &str = "The password of your account was changed.";
pub(super) const EMAIL_CHANGED: &str = "The primary address of your account was changed by an operator.";
pub(super) const EMAILS_SWAPPED: &str = "The primary and the secondary address of your account were swapped.";
pub(super) const SECONDARY_EMAIL_ADDED: &str = "A secondary address was added to your account.";
pub(super) const SECONDARY_EMAIL_REMOVED: &str = "The secondary address of your account was removed.";
pub(super) const ARCHIVED: &str = "Your account was archived. It comes back when you log in.";
pub(super) const DELETED: &str = "Your account was deleted.";

/// To somebody whom a representative took in. The group is not named: strangers would choose words for our mails.
pub const ADDED_TO_GROUP: &str = "You were added to a working group. Log in to see which one.";
/// To somebody whom a representative put out.
pub const REMOVED_FROM_GROUP: &str = "You were removed from your working group.";
/// To somebody who has taken over.
pub const NOW_REPRESENTATIVE: &str = "You are now the representative of your working group.";
/// To all members of a group that is no more.
pub const GROUP_DELETED: &str = "Your working group was deleted by its representative.";
/// To all members of a group that an operator deleted.
pub const GROUP_DELETED_BY_OPERATOR: &str = "Your working group was deleted by an operator.";

pub(super) const REGISTERED_AGAIN: &str =
    "Somebody registered with this address, which has an account already. Log in, or ask for a new password.";
pub(super) const ACTIVATED_ALREADY: &str = "Somebody asked for another activation mail, but your account is active already. \
     Log in, or ask for a new password.";
pub(super) const WANTED_AS_SECONDARY: &str =
    "Somebody wants this address as the secondary one of another account, but it belongs to yours.";

/// Tells the owner of an address by mail what the answer to somebody else must not tell. The mail goes to the address
/// as its owner wrote it: what was asked for may be a look-alike that has the same key.
pub(super) fn hint(
    app: &App,
    tx: &Writer<'_>,
    account: &Account,
    address: &str,
    sentence: &'static str,
) -> Result<()> {
    let asked_for = |own: &&String| email::is_same(own, address);
    let recipient = account.secondary_email.as_ref().filter(asked_for).unwrap_or(&account.email);
    let is_confirmed = account.verified_at.is_some();
    let name = if is_confirmed { account.salutation() } else { account.plain_salutation() };
    outbox::enqueue(app, tx, &MailKind::Hint(sentence), recipient, name)?;
    Ok(())
}

/// Enqueues a notice to both addresses of the account, as they were before the change, if notices are on.
///
/// # Errors
/// Only internal ones.
pub fn enqueue(app: &App, tx: &Writer<'_>, account: &Account, sentence: &'static str) -> Result<()> {
    for address in std::iter::once(&account.email).chain(&account.secondary_email) {
        enqueue_to(app, tx, account, address, sentence)?;
    }
    Ok(())
}

/// Enqueues a notice to one address of the account, if notices are on.
pub(super) fn enqueue_to(
    app: &App,
    tx: &Writer<'_>,
    account: &Account,
    address: &str,
    sentence: &'static str,
) -> Result<()> {
    if app.config.mail.notices {
        outbox::enqueue(app, tx, &MailKind::Notice(sentence), address, account.salutation())?;
    }
    Ok(())
}
