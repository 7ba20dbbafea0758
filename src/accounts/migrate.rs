//! Migrations of the schema, and of the keys by which addresses are compared.

use super::AccountId;
use crate::app::App;
use crate::email;
use crate::store::emails::StoredEmail;
use crate::store::properties::{self, Property};
use crate::store::{self, Reader, Store, Writer};

pub struct Migrated {
    /// The number of migrations of the schema that were applied.
    pub steps: usize,
    /// Problems for the operator to solve, one sentence each.
    pub warnings: Vec<String>,
}

/// Migrates the schema, and updates the keys of addresses that an earlier version computed in another way.
pub fn migrate(app: &App) -> anyhow::Result<Migrated> {
    let steps = migrate_schema(&app.store)?;
    let version = app.store.read_with_writer(|db| properties::find(db, Property::EmailKeyVersion))?;
    // Reading all addresses takes long if there are many.
    if version.as_deref() == Some(email::KEY_VERSION) {
        return Ok(Migrated { steps, warnings: Vec::new() });
    }
    let clashes = app.store.write(update_keys)?;
    let warning = |(this, other): &(AccountId, AccountId)| {
        format!(
            "accounts {this} and {other} have addresses that belong to the same mailbox, and logins with either address \
             reach account {other}; change or remove that address of account {this}"
        )
    };
    Ok(Migrated { steps, warnings: clashes.iter().map(warning).collect() })
}

/// Migrates the schema, and adds to the data what SQL cannot compute. Returns the number of migrations.
pub fn migrate_schema(store: &Store) -> store::Result<usize> {
    let steps = store.migrate()?;
    if store.read_with_writer(store::outbox::has_mails_without_key)? {
        store.write(add_keys_of_recipients)?;
    }
    Ok(steps)
}

/// Adds the keys of recipients to mails that an earlier version wrote.
fn add_keys_of_recipients(tx: &Writer<'_>) -> store::Result<()> {
    for (id, recipient) in store::outbox::list_without_key(tx)? {
        store::outbox::set_recipient_key(tx, id, &email::key(&recipient))?;
    }
    Ok(())
}

/// Returns the addresses whose stored key differs from the one that this version computes.
fn outdated(db: &Reader<'_>) -> store::Result<Vec<StoredEmail>> {
    let mut emails = store::emails::list_with_possibly_outdated_keys(db)?;
    emails.retain(|stored| stored.key != email::key(&stored.email));
    Ok(emails)
}

/// Updates the keys of addresses. An address keeps its old key if another address has the new one. Returns the accounts of
/// such addresses, each with the other account that has the new key. Without any, records that all keys are up to date.
fn update_keys(tx: &Writer<'_>) -> store::Result<Vec<(AccountId, AccountId)>> {
    let mut waiting = outdated(tx)?;
    // A key may become available when the address that has it gets its new one.
    loop {
        let (before, mut clashes) = (waiting.len(), Vec::new());
        for stored in waiting {
            if !store::emails::set_key(tx, &stored.key, &email::key(&stored.email))? {
                clashes.push(stored);
            }
        }
        waiting = clashes;
        if waiting.is_empty() || waiting.len() == before {
            break;
        }
    }
    if waiting.is_empty() {
        properties::upsert(tx, Property::EmailKeyVersion, email::KEY_VERSION)?;
    }
    let mut pairs = Vec::new();
    for stored in waiting {
        let owner = store::accounts::find_by_email(tx, &email::key(&stored.email))?;
        pairs
            .extend(owner.filter(|owner| owner.id != stored.account).map(|owner| (stored.account, owner.id)));
    }
    Ok(pairs)
}
