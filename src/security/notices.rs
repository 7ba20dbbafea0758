//! Mails that inform owners about events of their accounts.

use super::Tx;
use crate::email;
use crate::error::Result;
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::store::accounts::Account;

pub const PASSWORD_CHANGED: &str = "The password of your account was changed.";
pub const EMAIL_CHANGED: &str = "The primary address of your account was changed by an operator.";
pub const EMAILS_SWAPPED: &str = "The primary and the secondary address of your account were swapped.";
pub const SECONDARY_EMAIL_ADDED: &str = "A secondary address was added to your account.";
pub const SECONDARY_EMAIL_REMOVED: &str = "The secondary address of your account was removed.";
pub const AUTHENTICATOR_ADDED: &str = "An authenticator app was added to your account. Logins with your password now need a second factor, and earlier recovery codes no longer work.";
pub const AUTHENTICATOR_REMOVED: &str = "The authenticator app of your account was removed.";
pub const RECOVERY_CODE_USED: &str = "A recovery code of your account was used.";
pub const RECOVERY_CODES_RENEWED: &str =
    "The recovery codes of your account were replaced. The former ones no longer work.";
pub const PASSKEY_ADDED: &str =
    "A passkey was added to your account. Logins with your password now need a second factor.";
pub const PASSKEY_REMOVED: &str = "A passkey of your account was removed.";
pub const SECOND_FACTORS_REMOVED: &str = "An operator removed all second factors of your account. You can set up new ones when you have logged in.";
pub const ARCHIVED: &str = "Your account was archived. It comes back when you log in.";
pub const DELETED: &str = "Your account was deleted.";

// These mails do not contain the names of groups. Strangers choose the names, and could send messages in them.
pub const ADDED_TO_GROUP: &str = "You were added to a working group. Log in to see which one.";
pub const REMOVED_FROM_GROUP: &str = "You were removed from your working group.";
pub const NOW_REPRESENTATIVE: &str = "You are now the representative of your working group.";
pub const GROUP_DELETED: &str = "Your working group was deleted by its representative.";
pub const GROUP_DELETED_BY_OPERATOR: &str = "Your working group was deleted by an operator.";

pub const REGISTERED_AGAIN: &str =
    "Somebody registered with this address, which has an account already. Log in, or ask for a new password.";
pub const ACTIVATED_ALREADY: &str = "Somebody asked for another activation mail, but your account is active already. \
     Log in, or ask for a new password.";
pub const WANTED_AS_SECONDARY: &str =
    "Somebody wants this address as the secondary one of another account, but it belongs to yours.";

/// Tells the owner of an account by mail that somebody else's request named one of its addresses. The reply to that
/// request does not reveal it. The mail is sent to the address as its owner spelled it, because the
/// requested spelling may belong to another mailbox.
pub fn enqueue_hint(tx: &Tx<'_>, account: &Account, address: &str, sentence: &str) -> Result<()> {
    let is_requested = |own: &&String| email::is_same(own, address);
    let recipient = account.secondary_email.as_ref().filter(is_requested).unwrap_or(&account.email);
    let is_confirmed = account.verified_at.is_some();
    let name = if is_confirmed { account.salutation() } else { account.plain_salutation() };
    tx.enqueue(&MailKind::Hint(sentence), &Recipient::owner(account, recipient, name))
}

/// Enqueues a notice to the primary and the secondary address of `account`, if notices are turned on. If
/// addresses change, `account` is the account before the change.
pub fn enqueue(tx: &Tx<'_>, account: &Account, sentence: &str) -> Result<()> {
    account.addresses().try_for_each(|address| enqueue_to(tx, account, address, sentence))
}

/// Like [`enqueue`], for an account that has been erased, and its mails with it.
pub fn enqueue_last(tx: &Tx<'_>, account: &Account, sentence: &str) -> Result<()> {
    account.addresses().try_for_each(|address| {
        let owner = Recipient::owner(account, address, account.salutation());
        notify(tx, &Recipient { about: None, ..owner }, sentence)
    })
}

/// Enqueues a notice to one address, if notices are turned on.
pub fn enqueue_to(tx: &Tx<'_>, account: &Account, address: &str, sentence: &str) -> Result<()> {
    notify(tx, &Recipient::owner(account, address, account.salutation()), sentence)
}

fn notify(tx: &Tx<'_>, recipient: &Recipient<'_>, sentence: &str) -> Result<()> {
    if tx.app.config.mail.notices { tx.enqueue(&MailKind::Notice(sentence), recipient) } else { Ok(()) }
}
