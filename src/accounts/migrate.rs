//! Brings the database up to date: the schema, and what is computed from other columns.

use super::{AccountId, email};
use crate::app::App;
use crate::store::emails::StoredEmail;
use crate::store::{self, Reader, Writer};

/// What bringing the database up to date came to.
pub struct Migrated {
    /// How many migrations were done.
    pub steps: usize,
    /// What the operator has to look at, one sentence each.
    pub warnings: Vec<String>,
}

/// Brings the schema up to date, and the keys of addresses that an earlier version computed in another way.
///
/// # Errors
/// As [`store::Store::migrate`], or if the database fails.
pub fn migrate(app: &App) -> anyhow::Result<Migrated> {
    let steps = app.store.migrate()?;
    // Only an earlier version can have computed keys in another way.
    if steps == 0 {
        return Ok(Migrated { steps, warnings: Vec::new() });
    }
    let clashes = app.store.write(update_keys).map_err(store::Error::into_inner)?;
    let warning = |(this, other): &(AccountId, AccountId)| {
        format!(
            "accounts {this} and {other} have addresses of one mailbox, which finds account {other}; give account \
             {this} another address by `user set-email`"
        )
    };
    Ok(Migrated { steps, warnings: clashes.iter().map(warning).collect() })
}

/// Returns the addresses whose keys are not those of today.
fn outdated(db: &Reader<'_>) -> store::Result<Vec<StoredEmail>> {
    let mut emails = store::emails::list_unusual(db)?;
    emails.retain(|stored| stored.key != email::key(&stored.email));
    Ok(emails)
}

/// Updates the keys of addresses, and returns each account whose address keeps its key because another account has the new
/// one, with that other account.
fn update_keys(tx: &Writer<'_>) -> store::Result<Vec<(AccountId, AccountId)>> {
    let mut waiting = outdated(tx)?;
    // A key may become free when the address that has it gets another.
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
    let mut pairs = Vec::new();
    for stored in waiting {
        let owner = store::accounts::find_by_email(tx, &email::key(&stored.email))?;
        pairs.extend(owner.map(|owner| (stored.account, owner.id)));
    }
    Ok(pairs)
}
