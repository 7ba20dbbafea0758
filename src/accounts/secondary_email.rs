//! The mutations `sendSecondaryEmailActivation`, `verifySecondaryEmail`, `swapEmails` and `removeSecondaryEmail`.

use super::{Account, validation};
use crate::app::App;
use crate::email;
use crate::error::{FieldError, FieldErrors, Result};
use crate::mail::MailKind;
use crate::outbox::Recipient;
use crate::security::action_links::{self, Redeemed};
use crate::security::audit::Event;
use crate::security::authentication::release_email;
use crate::security::reauthentication::{Proof, Reauthenticated, reauthenticate};
use crate::security::throttle::{self, MailPurpose};
use crate::security::{Tx, Viewer, notices};
use crate::store;
use crate::store::accounts::Role;
use crate::tokens::action::Action;

/// Mails a link to an address that the viewer requests as secondary address. The address is neither assigned nor
/// reserved until the link is used.
pub fn send_activation(app: &App, viewer: &Viewer, address: &str, proof: Proof<'_>) -> Result<()> {
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    verified.run(app, |tx, account| {
        let address = validation::email(address)?;
        throttle::mail(tx, MailPurpose::SecondaryEmail, &address)?;
        tx.record(account.id, Event::SecondaryEmailRequested)?;
        // Invalidates the links of earlier requests, which redeem only the pending address. This happens even if the new
        // address is taken. A working link would reveal that.
        store::pending_emails::upsert(tx, account.id, &email::hash(&address))?;
        if let Some(owner) = store::accounts::find_by_email(tx, &email::key(&address))? {
            if app.config.accounts.hide_existence {
                return notices::enqueue_hint(tx, &owner, &address, notices::WANTED_AS_SECONDARY);
            }
            return Err(FieldErrors::of("email", FieldError::EMAIL_IN_USE).into());
        }
        let token = action_links::issue(app, Action::SecondaryEmail, account, Some(&address))?;
        let recipient = Recipient::owner(account, &address, account.plain_salutation());
        tx.enqueue(&MailKind::SecondaryEmail(&token), &recipient)
    })
}

/// Sets the secondary address of the account to the address to which the token was mailed. Replaces an earlier one.
pub fn verify(app: &App, viewer: &Viewer, token: &str) -> Result<Redeemed<()>> {
    action_links::redeem(app, viewer, Action::SecondaryEmail, token, |tx, account, claims| {
        let address = claims.secondary_email.as_deref().ok_or(FieldError::INVALID_TOKEN)?;
        if store::emails::find_role(tx, &email::key(address))?.is_some() {
            return Err(FieldError::EMAIL_IN_USE.into());
        }
        store::pending_emails::delete(tx, account.id)?;
        notices::enqueue(tx, &account, notices::SECONDARY_EMAIL_ADDED)?;
        if account.secondary_email.is_some() {
            delete_secondary(tx, &account)?;
            tx.record_by_owner(account.id, Event::SecondaryEmailRemoved)?;
        }
        store::accounts::insert_email(tx, account.id, address, &email::key(address), Role::Secondary)?;
        tx.record_by_owner(account.id, Event::SecondaryEmailConfirmed)
    })
}

/// Swaps the primary and the secondary address. Access tokens and links contain the primary address, so they are revoked.
/// Sessions continue: the next refresh issues an access token with the new address.
pub fn swap(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<()> {
    reauthenticate_with_secondary(app, viewer, proof)?.run(app, |tx, account| {
        let secondary = require_secondary(account)?;
        throttle::account_change(tx, account.id)?;
        notices::enqueue(tx, account, notices::EMAILS_SWAPPED)?;
        store::accounts::delete_email(tx, account.id, Role::Primary)?;
        store::accounts::delete_email(tx, account.id, Role::Secondary)?;
        for (address, role) in [(secondary, Role::Primary), (&account.email, Role::Secondary)] {
            store::accounts::insert_email(tx, account.id, address, &email::key(address), role)?;
        }
        store::accounts::begin_epoch(tx, account.id, tx.now)?;
        tx.record(account.id, Event::EmailsSwapped)
    })
}

/// Removes the secondary address, which is then available to other accounts.
pub fn remove(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<()> {
    reauthenticate_with_secondary(app, viewer, proof)?.run(app, |tx, account| {
        require_secondary(account)?;
        throttle::account_change(tx, account.id)?;
        notices::enqueue(tx, account, notices::SECONDARY_EMAIL_REMOVED)?;
        delete_secondary(tx, account)?;
        store::pending_emails::delete(tx, account.id)?;
        tx.record(account.id, Event::SecondaryEmailRemoved)
    })
}

fn delete_secondary(tx: &Tx<'_>, account: &Account) -> Result<()> {
    if let Some(address) = &account.secondary_email {
        release_email(tx, address)?;
    }
    Ok(store::accounts::delete_email(tx, account.id, Role::Secondary)?)
}

/// Checks the password, and that the account has a secondary address, which another request may remove before the rule.
fn reauthenticate_with_secondary(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<Reauthenticated> {
    reauthenticate(app, viewer, "password", proof, |_, account| require_secondary(account).map(drop))
}

fn require_secondary(account: &Account) -> Result<&String> {
    Ok(account.secondary_email.as_ref().ok_or(FieldError::SECONDARY_EMAIL_REQUIRED)?)
}
