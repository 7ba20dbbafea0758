//! The primary keys that rows had in Django.

use super::bulk::{self, Row};
use super::value::Value;
use super::{Reader, Result, Writer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum KeyedModel {
    User,
    Institution,
    WorkingGroup,
    JoinRequest,
}

/// A key in Django, and the id of the same row here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DjangoKey {
    /// An integer, or a UUID in lower case with dashes.
    pub key: String,
    pub id: String,
}

pub fn insert_many(db: &Writer<'_>, model: KeyedModel, keys: &[DjangoKey]) -> Result<()> {
    let row = |DjangoKey { key, id }: &DjangoKey| -> Row {
        vec![Value::owned(model), Value::owned(key), Value::owned(id)]
    };
    bulk::insert_into(db, "django_keys", &keys.iter().map(row).collect::<Vec<_>>())
}

/// Returns those of these keys that were imported, with their ids.
pub fn list_by_keys(db: &Reader<'_>, model: KeyedModel, keys: &[String]) -> Result<Vec<DjangoKey>> {
    list(db, model, "django_key", keys)
}

/// Returns those of these ids that were imported, with their keys.
pub fn list_by_ids(db: &Reader<'_>, model: KeyedModel, ids: &[String]) -> Result<Vec<DjangoKey>> {
    list(db, model, "id", ids)
}

fn list(db: &Reader<'_>, model: KeyedModel, column: &str, values: &[String]) -> Result<Vec<DjangoKey>> {
    let model = model.into_str();
    let sql =
        format!("SELECT django_key, id FROM django_keys WHERE model = '{model}' AND {column} IN ($keys)");
    db.list_by_keys(&sql, values, |row| Ok(DjangoKey { key: row.get(0)?, id: row.get(1)? }))
}

/// Returns the largest key that is an integer: 0 if there is none.
pub fn max_number(db: &Reader<'_>, model: KeyedModel) -> Result<i64> {
    let sql = "SELECT COALESCE(MAX(CAST(django_key AS BIGINT)), 0) FROM django_keys \
         WHERE model = $1 AND django_key NOT LIKE '%-%'";
    db.value(sql, [model])
}
