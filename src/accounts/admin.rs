//! What an operator does to accounts, from the command line. Passwords are not asked for and nobody has to be logged
//! in; what keeps the data whole holds here too.

use super::audit::{Actor, Event};
use super::register::{self, Accepted};
use super::{
    Account, AccountId, Error, FieldError, FieldErrors, Result, activation, archive_delete, audit, email,
    notices, password, sessions, validation,
};
use crate::app::App;
use crate::django::password_validators::Owner;
use crate::store::accounts::Role;
use crate::store::{self, Reader, Writer};

/// An account that an operator makes.
#[derive(Default)]
pub struct Creation {
    /// The primary address.
    pub email: String,
    /// None where the account's number is to be its name.
    pub username: Option<String>,
    /// Whether the address is known to be its owner's. Otherwise a mail asks for that.
    pub verified: bool,
    /// Whether the account sees what is reserved for staff.
    pub staff: bool,
    /// None where its owner chooses one by a link for a new password.
    pub password: Option<String>,
}

/// How [`set_email`] changed the primary address of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChange {
    /// The account has this address already.
    None,
    /// The address is another spelling of the same mailbox.
    Spelling,
    /// The address is another mailbox.
    Mailbox,
}

/// Makes an account.
///
/// # Errors
/// A refusal with all complaints at once.
pub fn create(app: &App, new: &Creation) -> Result<Account> {
    let mut errors = FieldErrors::default();
    let email = errors.keep("email", validation::email_of_account(&new.email)).unwrap_or_default();
    let username = new.username.as_deref().map(validation::username).transpose();
    let username = errors.keep("username", username).flatten();
    if let Some(password) = &new.password {
        let owner = Owner {
            username: username.as_deref().unwrap_or_default(),
            first_name: "",
            last_name: "",
            email: &email,
        };
        let min_length = app.config.passwords.min_length;
        validation::new_password(&mut errors, ["password"; 2], [password, password], &owner, min_length);
    }
    errors.into_result()?;
    let hash = new.password.as_deref().map(|password| app.hasher.hash(password)).transpose()?;
    let accepted = Accepted { email, username, ..Accepted::default() };
    app.write(|tx| {
        let account = register::insert(app, tx, &accepted, hash.as_deref())?;
        noted(app, tx, &account, Event::Registered(None))?;
        if new.verified {
            store::accounts::set_verified(tx, account.id, Some(app.clock.now()))?;
            noted(app, tx, &account, Event::Verified)?;
        } else {
            activation::enqueue_mail(app, tx, &account)?;
        }
        if store::accounts::set_staff(tx, account.id, new.staff)? {
            noted(app, tx, &account, Event::StaffGiven)?;
        }
        find(tx, &account.email)
    })
}

/// The account of this address, username or number; what holds an `@` is an address.
///
/// # Errors
/// A sentence if there is none, or if one account has the name that is the number of another.
pub fn find(db: &Reader<'_>, name: &str) -> Result<Account> {
    if let Some(account) = store::accounts::find_by_email(db, &email::key(name))? {
        return Ok(account);
    }
    // People choose their usernames: one that looks like an address must not pass for it.
    let by_username = if name.contains('@') { None } else { store::accounts::find_by_username(db, name)? };
    let by_number = match name.parse() {
        Ok(id) => store::accounts::find_by_id(db, id)?,
        Err(_) => None,
    };
    match (by_username, by_number) {
        (Some(one), Some(other)) if one.id != other.id => Err(Error::BadRequest(
            format!(
                "\"{name}\" is the username of {} and the number of {}; name the account by its address",
                one.email, other.email
            )
            .into(),
        )),
        (Some(account), _) | (None, Some(account)) => Ok(account),
        (None, None) => Err(Error::BadRequest(
            format!("no account has the address, username or number \"{name}\"; `user list` shows all")
                .into(),
        )),
    }
}

/// Sets another password, which ends all sessions, and tells the owner by mail.
///
/// # Errors
/// A refusal if the password is too weak.
pub fn set_password(app: &App, name: &str, new: &str) -> Result<Account> {
    let account = app.store.read(|db| find(db, name))?;
    password::require_strong(app, &account, [new, new])?;
    let hash = app.hasher.hash(new)?;
    let set = |tx: &Writer<'_>, account: &Account| password::set(app, tx, account, &hash).map(|_| true);
    change(app, name, Event::PasswordSet, set).map(|(account, _)| account)
}

/// Marks the address as its owner's, as an activation link does; false if it was.
///
/// # Errors
/// As [`find`].
pub fn verify(app: &App, name: &str) -> Result<(Account, bool)> {
    app.write(|tx| {
        let account = find(tx, name)?;
        if account.verified_at.is_some() {
            return Ok((account, false));
        }
        Ok((activation::activate(app, tx, Actor::Operator, account)?, true))
    })
}

/// Gives an account another primary address, which ends all its sessions and mailed links. The account is verified only if
/// `verified` says that the address is known to be its owner's. Otherwise a mail asks to confirm it. Where the address is
/// another spelling of the one that the account has, only the spelling changes.
///
/// # Errors
/// As [`find`], and a refusal if this is not an address, or that of another account.
pub fn set_email(app: &App, name: &str, address: &str, verified: bool) -> Result<(Account, EmailChange)> {
    let mut errors = FieldErrors::default();
    let address = errors.keep("email", validation::email_of_account(address)).unwrap_or_default();
    errors.into_result()?;
    app.write(|tx| {
        let before = find(tx, name)?;
        if before.email == address {
            return Ok((before, EmailChange::None));
        }
        if email::is_same(&before.email, &address) {
            store::accounts::delete_email(tx, before.id, Role::Primary)?;
            insert_primary(tx, before.id, &address)?;
            noted(app, tx, &before, Event::EmailChanged)?;
            return Ok((find(tx, &address)?, EmailChange::Spelling));
        }
        // An account may make its secondary address the primary one.
        let was_secondary =
            before.secondary_email.as_deref().is_some_and(|own| email::is_same(own, &address));
        if was_secondary {
            store::accounts::delete_email(tx, before.id, Role::Secondary)?;
            noted(app, tx, &before, Event::SecondaryEmailRemoved)?;
        }
        store::accounts::delete_email(tx, before.id, Role::Primary)?;
        sessions::free_address(app, tx, &before.email)?;
        insert_primary(tx, before.id, &address)?;
        sessions::end_all(app, tx, &before)?;
        noted(app, tx, &before, Event::EmailChanged)?;
        notices::enqueue(app, tx, &before, notices::EMAIL_CHANGED)?;
        store::accounts::set_verified(tx, before.id, None)?;
        let account = find(tx, &address)?;
        if !verified {
            activation::enqueue_mail(app, tx, &account)?;
            return Ok((account, EmailChange::Mailbox));
        }
        let account = activation::activate(app, tx, Actor::Operator, account)?;
        if !was_secondary {
            notices::enqueue_to(app, tx, &account, &address, notices::EMAIL_CHANGED)?;
        }
        Ok((account, EmailChange::Mailbox))
    })
}

fn insert_primary(tx: &Writer<'_>, id: AccountId, address: &str) -> Result<()> {
    if store::accounts::insert_email(tx, id, address, &email::key(address), Role::Primary)? {
        Ok(())
    } else {
        Err(FieldErrors::of("email", FieldError::EMAIL_TAKEN).into())
    }
}

/// Shuts an account off, which ends all sessions, or opens it again; false if it was so.
///
/// # Errors
/// As [`find`].
pub fn set_active(app: &App, name: &str, active: bool) -> Result<(Account, bool)> {
    let event = if active { Event::Activated } else { Event::Deactivated };
    change(app, name, event, |tx, account| {
        if active {
            return Ok(store::accounts::set_activated(tx, account.id)?);
        }
        let changed = store::accounts::set_deactivated(tx, account.id, app.clock.now())?;
        sessions::end_all(app, tx, account)?;
        Ok(changed)
    })
}

/// Lets an account see what is reserved for staff, or not any more; false if it was so.
///
/// # Errors
/// As [`find`].
pub fn set_staff(app: &App, name: &str, staff: bool) -> Result<(Account, bool)> {
    let event = if staff { Event::StaffGiven } else { Event::StaffTaken };
    change(app, name, event, |tx, account| Ok(store::accounts::set_staff(tx, account.id, staff)?))
}

/// Ends all sessions of an account.
///
/// # Errors
/// As [`find`].
pub fn log_out(app: &App, name: &str) -> Result<Account> {
    let end = |tx: &Writer<'_>, account: &Account| sessions::end_all(app, tx, account).map(|_| true);
    change(app, name, Event::AllSessionsRevoked, end).map(|(account, _)| account)
}

/// Erases an account; its address and username are free again.
///
/// # Errors
/// A sentence if there is none, and while it speaks for a working group.
pub fn delete(app: &App, id: AccountId) -> Result<Account> {
    app.write(|tx| {
        let gone = || Error::BadRequest("the account is gone already".into());
        let account = store::accounts::find_by_id(tx, id)?.ok_or_else(gone)?;
        archive_delete::erase(app, tx, Actor::Operator, &account)?;
        Ok(account)
    })
}

fn noted(app: &App, tx: &Writer<'_>, account: &Account, event: Event<'_>) -> Result<()> {
    audit::record(app, tx, Actor::Operator, account.id, event)
}

fn change(
    app: &App,
    name: &str,
    event: Event<'_>,
    work: impl FnOnce(&Writer<'_>, &Account) -> Result<bool>,
) -> Result<(Account, bool)> {
    app.write(|tx| {
        let account = find(tx, name)?;
        let changed = work(tx, &account)?;
        if changed {
            noted(app, tx, &account, event)?;
        }
        Ok((account, changed))
    })
}
