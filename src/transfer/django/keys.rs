//! The primary keys of exported objects. What was imported has its former key again.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Builder;

use crate::accounts::{Account, AccountId};
use crate::store::django_keys::{self, DjangoKey, KeyedModel};
use crate::store::{Reader, Result};

/// The keys of objects whose ids are UUIDs here.
pub(super) struct Keys {
    model: KeyedModel,
    has_uuids: bool,
    /// The last integer that was assigned as a key.
    last_number: Cell<i64>,
}

impl Keys {
    pub(super) fn new(db: &Reader<'_>, model: KeyedModel, has_uuids: bool) -> Result<Self> {
        Ok(Self { model, has_uuids, last_number: django_keys::max_number(db, model)?.into() })
    }

    /// Returns the key of each of these ids. An object that was not imported gets its id, or the next integer.
    pub(super) fn of(&self, db: &Reader<'_>, ids: &[String]) -> Result<HashMap<String, Value>> {
        let known = django_keys::list_by_ids(db, self.model, ids)?;
        let mut keys: HashMap<String, Value> =
            known.into_iter().map(|DjangoKey { key, id }| (id, to_value(&key))).collect();
        for id in ids {
            keys.entry(id.clone()).or_insert_with(|| {
                if self.has_uuids {
                    return json!(id);
                }
                self.last_number.update(|number| number + 1);
                json!(self.last_number.get())
            });
        }
        Ok(keys)
    }
}

/// The keys of accounts.
pub(super) struct AccountKeys {
    has_uuids: bool,
    /// No key and no id of an account is larger.
    max_number: i64,
}

impl AccountKeys {
    pub(super) fn new(db: &Reader<'_>, has_uuids: bool) -> Result<Self> {
        let last_id = crate::store::accounts::transfer::last_id(db)?;
        Ok(Self { has_uuids, max_number: django_keys::max_number(db, KeyedModel::User)?.max(last_id) })
    }

    /// Returns the key of each account, by its id.
    pub(super) fn of(&self, db: &Reader<'_>, accounts: &[&Account]) -> Result<HashMap<AccountId, Value>> {
        let ids: Vec<String> = accounts.iter().map(|account| account.id.to_string()).collect();
        let known = django_keys::list_by_ids(db, KeyedModel::User, &ids)?;
        let known: HashMap<_, _> = known.into_iter().map(|DjangoKey { key, id }| (id, key)).collect();
        // Another account may have been imported with the id of this one as its key.
        let taken = django_keys::list_by_keys(db, KeyedModel::User, &ids)?;
        let is_taken = |key: &str| taken.iter().any(|taken| taken.key == key);
        let key = |account: &&Account| {
            let id = account.id.to_string();
            let key = match known.get(&id) {
                Some(key) => to_value(key),
                None if self.has_uuids => json!(derived_uuid(account)),
                None if is_taken(&id) => json!(self.max_number + account.id),
                None => json!(account.id),
            };
            (account.id, key)
        };
        Ok(accounts.iter().map(key).collect())
    }
}

/// Returns a UUID that is the same in each export.
fn derived_uuid(account: &Account) -> String {
    let hash: [u8; 32] =
        Sha256::digest(format!("account {} of {}", account.id, account.joined_at.micros())).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Integers are stored as strings.
fn to_value(key: &str) -> Value {
    key.parse::<i64>().map_or_else(|_| json!(key), |number| json!(number))
}
