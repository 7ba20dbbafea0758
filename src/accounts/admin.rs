//! The rules of accounts for operators, on the command line and on pages. They do not require the password of the account.

pub mod audit_log;
pub mod links;
pub mod mails;
pub mod record;

use super::register::{self, ValidRegistration};
use super::{Account, AccountId, activation, archive_delete, password, sessions, validation};
use crate::django::password_validators::Owner;
use crate::email;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::security::audit::Event;
use crate::security::authentication::release_email;
use crate::security::{Operator, Tx, notices};
use crate::store::accounts::Role;
use crate::store::{self, Reader};

#[derive(Default)]
pub struct Creation {
    pub email: String,
    /// `None` if the id of the account becomes its username.
    pub username: Option<String>,
    /// Whether the address is known to belong to the owner. Otherwise a mail asks to confirm it.
    pub is_verified: bool,
    pub is_staff: bool,
    /// `None` if the owner will request a link to set a password.
    pub password: Option<String>,
    /// Whether a mail contains a link to set a password, which also confirms the address.
    pub mails_password_link: bool,
}

/// How [`set_email`] changed the primary address of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// The account has this address already.
    Unchanged,
    /// The address is another spelling of the same mailbox.
    Spelling,
    /// The address is another mailbox.
    Mailbox,
}

/// Creates an account. A rejection contains all errors.
pub fn create<'a>(by: impl Into<Operator<'a>>, new: &Creation) -> Result<Account> {
    let by = by.into();
    let app = by.app;
    let mut errors = FieldErrors::default();
    let email = errors.keep("email", validation::email_of_account(&new.email)).unwrap_or_default();
    let username = new.username.as_deref().map(validation::username).transpose();
    let username = errors.keep("username", username).flatten();
    if let Some(password) = &new.password {
        let username = username.as_deref().unwrap_or_default();
        let owner = Owner { username, email: &email, ..Owner::default() };
        errors.extend(validation::new_password(app, ["password"; 2], [password; 2], &owner));
    }
    errors.into_result()?;
    let hash = new.password.as_deref().map(|password| app.hasher.hash(password)).transpose()?;
    let valid = ValidRegistration { email, username, ..ValidRegistration::default() };
    by.run(|tx| {
        let account = register::insert(tx, &valid, hash.as_deref())?;
        tx.record(account.id, Event::Registered(None))?;
        if new.is_verified {
            store::accounts::set_verified(tx, account.id, Some(tx.now))?;
            tx.record(account.id, Event::Verified)?;
        }
        if new.mails_password_link {
            password::enqueue_first(tx, &account)?;
        } else if !new.is_verified {
            activation::enqueue_mail(tx, &account)?;
        }
        if store::accounts::set_staff(tx, account.id, new.is_staff)? {
            tx.record(account.id, Event::StaffGiven)?;
        }
        find(tx, &account.email)
    })
}

/// Finds an account by its address, username or id.
pub fn find(db: &Reader<'_>, name: &str) -> Result<Account> {
    if let Some(account) = store::accounts::find_by_email(db, &email::key(name))? {
        return Ok(account);
    }
    // A name with an `@` is meant as an address. Somebody may have chosen the address of another person as username.
    let by_username = if name.contains('@') { None } else { store::accounts::find_by_username(db, name)? };
    let by_id = match name.parse() {
        Ok(id) => store::accounts::find_by_id(db, id)?,
        Err(_) => None,
    };
    match (by_username, by_id) {
        (Some(one), Some(other)) if one.id != other.id => Err(Error::bad_request(format!(
            "\"{name}\" is the username of {} and the id of {}; name the account by its address",
            one.email, other.email
        ))),
        (Some(account), _) | (None, Some(account)) => Ok(account),
        (None, None) => Err(Error::bad_request(format!(
            "no account has the address, username or id \"{name}\"; `user list` shows all"
        ))),
    }
}

/// Sets a new password, which ends all sessions, and mails a notice.
pub fn set_password<'a>(by: impl Into<Operator<'a>>, name: &str, password: &str) -> Result<Account> {
    let by = by.into();
    let app = by.app;
    let account = app.store.read(|db| find(db, name))?;
    password::check_strength(app, &account, [password; 2])?;
    let hash = app.hasher.hash(password)?;
    by.run(|tx| {
        let account = find(tx, name)?;
        password::set(tx, &account, &hash)?;
        tx.record(account.id, Event::PasswordSet)?;
        Ok(account)
    })
}

/// Marks the address as confirmed, as an activation link does. Returns false if it was confirmed already.
pub fn verify<'a>(by: impl Into<Operator<'a>>, name: &str) -> Result<(Account, bool)> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        if account.verified_at.is_some() {
            return Ok((account, false));
        }
        Ok((activation::activate(tx, account)?, true))
    })
}

/// Changes the primary address, which ends all sessions and invalidates mailed links. `is_verified` means that the address
/// is known to belong to the owner. Otherwise the account is unverified, and a mail asks to confirm the address. If the
/// address is another spelling of the current one, only the spelling changes.
pub fn set_email<'a>(
    by: impl Into<Operator<'a>>,
    name: &str,
    address: &str,
    is_verified: bool,
) -> Result<(Account, EmailChange)> {
    let by = by.into();
    let mut errors = FieldErrors::default();
    let address = errors.keep("email", validation::email_of_account(address)).unwrap_or_default();
    errors.into_result()?;
    by.run(|tx| {
        let before = find(tx, name)?;
        if before.email == address {
            return Ok((before, EmailChange::Unchanged));
        }
        if email::is_same(&before.email, &address) {
            replace_primary(tx, before.id, &address)?;
            tx.record(before.id, Event::EmailChanged)?;
            return Ok((find(tx, &address)?, EmailChange::Spelling));
        }
        // The secondary address may become the primary one, but would first count as taken.
        let was_secondary =
            before.secondary_email.as_deref().is_some_and(|own| email::is_same(own, &address));
        if was_secondary {
            store::accounts::delete_email(tx, before.id, Role::Secondary)?;
            tx.record(before.id, Event::SecondaryEmailRemoved)?;
        }
        release_email(tx, &before.email)?;
        replace_primary(tx, before.id, &address)?;
        sessions::end_all(tx, &before)?;
        tx.record(before.id, Event::EmailChanged)?;
        notices::enqueue(tx, &before, notices::EMAIL_CHANGED)?;
        store::accounts::set_verified(tx, before.id, None)?;
        let account = find(tx, &address)?;
        if !is_verified {
            activation::enqueue_mail(tx, &account)?;
            return Ok((account, EmailChange::Mailbox));
        }
        let account = activation::activate(tx, account)?;
        // The former secondary address got the notice above.
        if !was_secondary {
            notices::enqueue_to(tx, &account, &address, notices::EMAIL_CHANGED)?;
        }
        Ok((account, EmailChange::Mailbox))
    })
}

fn replace_primary(tx: &Tx<'_>, id: AccountId, address: &str) -> Result<()> {
    store::accounts::delete_email(tx, id, Role::Primary)?;
    if store::accounts::insert_email(tx, id, address, &email::key(address), Role::Primary)? {
        Ok(())
    } else {
        Err(FieldErrors::of("email", FieldError::EMAIL_TAKEN).into())
    }
}

/// Deactivates an account, which ends all its sessions, or reactivates it. Returns false if nothing changes.
pub fn set_active<'a>(by: impl Into<Operator<'a>>, name: &str, is_active: bool) -> Result<(Account, bool)> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        let event = if is_active { Event::Activated } else { Event::Deactivated };
        if !is_active {
            require_other(tx, &account)?;
            sessions::end_all(tx, &account)?;
        }
        let changed = store::accounts::set_deactivated(tx, account.id, (!is_active).then_some(tx.now))?;
        if changed {
            tx.record(account.id, event)?;
        }
        Ok((account, changed))
    })
}

/// Gives an account the rights of staff, or takes them away. Returns false if nothing changes.
pub fn set_staff<'a>(by: impl Into<Operator<'a>>, name: &str, is_staff: bool) -> Result<(Account, bool)> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        if !is_staff {
            require_other(tx, &account)?;
        }
        let changed = store::accounts::set_staff(tx, account.id, is_staff)?;
        if changed {
            tx.record(account.id, if is_staff { Event::StaffGiven } else { Event::StaffTaken })?;
        }
        Ok((account, changed))
    })
}

pub fn log_out<'a>(by: impl Into<Operator<'a>>, name: &str) -> Result<Account> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        sessions::end_all(tx, &account)?;
        tx.record(account.id, Event::AllSessionsRevoked)?;
        Ok(account)
    })
}

/// Ends a session of an account. A session of another account is treated as missing.
pub fn end_session<'a>(by: impl Into<Operator<'a>>, name: &str, session: &str) -> Result<()> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        if !store::sessions::delete(tx, account.id, session)? {
            return Err(FieldErrors::of("id", FieldError::NO_SUCH_SESSION).into());
        }
        tx.record(account.id, Event::SessionRevoked(session))
    })
}

/// Removes all second factors of an account, for an owner who has lost them. All sessions end, and a mail tells the owner. Returns
/// false if there are none.
pub fn remove_second_factors<'a>(by: impl Into<Operator<'a>>, name: &str) -> Result<(Account, bool)> {
    by.into().run(|tx| {
        let account = find(tx, name)?;
        require_other(tx, &account)?;
        // An app whose set-up is not finished is removed as well.
        let existed = store::second_factors::find(tx, account.id)?.exist();
        store::authenticators::delete(tx, account.id)?;
        store::authenticators::delete_recovery_codes(tx, account.id)?;
        store::passkeys::delete_of_account(tx, account.id)?;
        if existed {
            sessions::end_all(tx, &account)?;
            tx.record(account.id, Event::SecondFactorsRemoved)?;
            notices::enqueue(tx, &account, notices::SECOND_FACTORS_REMOVED)?;
        }
        Ok((account, existed))
    })
}

/// Erases an account, which makes its address and username available again. Rejects the representative of a working group.
pub fn delete<'a>(by: impl Into<Operator<'a>>, id: AccountId) -> Result<Account> {
    by.into().run(|tx| {
        let account = store::accounts::find_by_id(tx, id)?;
        let account = account.ok_or_else(|| Error::bad_request("the account no longer exists"))?;
        require_other(tx, &account)?;
        archive_delete::erase(tx, &account)?;
        Ok(account)
    })
}

/// Rejects a member of staff who would lock themselves out. So at least one account keeps the rights of staff.
fn require_other(tx: &Tx<'_>, account: &Account) -> Result<()> {
    match &tx.caller.account {
        Some(own) if own.id == account.id => {
            Err(Error::bad_request("You cannot do this to your own account. Another member of staff can."))
        }
        _ => Ok(()),
    }
}
