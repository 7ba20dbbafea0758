//! Runs SQL statements. Each connection prepares a statement once and keeps it.

use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Params, Row, ToSql, params_from_iter};

use super::{Reader, Result, Writer};

/// The number of keys per statement, well below SQLite's limit of 32,766.
const MAX_KEYS: usize = 256;

impl Reader<'_> {
    /// Returns the first row.
    pub(super) fn find<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.0.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    /// Returns the first column of the first row. Fails if there is no row.
    pub(super) fn value<T: FromSql>(&self, sql: &str, params: impl Params) -> Result<T> {
        Ok(self.0.prepare_cached(sql)?.query_row(params, |row| row.get(0))?)
    }

    pub(super) fn list<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        Ok(self.0.prepare_cached(sql)?.query_map(params, read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the rows for a list of keys, which replace `$keys` in `sql`. Long lists are split over several
    /// statements, so `ORDER BY` can be relied on only among the rows of one key.
    pub(super) fn list_by_keys<K: ToSql, T>(
        &self,
        sql: &str,
        keys: &[K],
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        for keys in keys.chunks(MAX_KEYS) {
            // Pads the list with its last key to a power of two, so that few different statements are prepared.
            let length = keys.len().next_power_of_two();
            let padded = keys.iter().chain(keys.last().into_iter().cycle()).take(length);
            let sql = sql.replace("$keys", &vec!["?"; length].join(", "));
            rows.extend(self.list(&sql, params_from_iter(padded), read)?);
        }
        Ok(rows)
    }

    pub(super) fn exists(&self, sql: &str, params: impl Params) -> Result<bool> {
        Ok(self.0.prepare_cached(sql)?.exists(params)?)
    }
}

impl Writer<'_> {
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<()> {
        self.change_many(sql, params).map(drop)
    }

    /// Returns whether the statement changed exactly one row.
    pub(super) fn change(&self, sql: &str, params: impl Params) -> Result<bool> {
        Ok(self.change_many(sql, params)? == 1)
    }

    /// Returns the number of rows that the statement changed.
    pub(super) fn change_many(&self, sql: &str, params: impl Params) -> Result<usize> {
        Ok(self.0.0.prepare_cached(sql)?.execute(params)?)
    }
}

/// Escapes a string for a pattern of `LIKE` with `ESCAPE '\'`.
pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
