//! Runs SQL statements, with the parameters `$1`, `$2` and so on.

use anyhow::{Context as _, anyhow};

use super::value::{FromValue, Params, ToValue, Value};
use super::{Reader, Result, Writer};

/// The number of keys per statement, well below SQLite's limit of 32,766.
const MAX_KEYS: usize = 256;

/// A row of a result.
pub(super) struct Row<'a>(&'a dyn Columns);

/// The columns of a row, as an engine returns them.
pub(super) trait Columns {
    fn value(&self, column: usize) -> Result<Value<'_>>;
}

impl Row<'_> {
    /// Returns a column. The first one is 0.
    pub(super) fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        T::from_value(self.0.value(column)?)
            .with_context(|| format!("column {column} of a row has an unexpected type"))
    }
}

impl Reader<'_> {
    /// Returns the first row.
    pub(super) fn find<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let (mut read, mut found) = (Some(read), None);
        self.query(sql, &params.values(), &mut |row| {
            if let Some(read) = read.take() {
                found = Some(read(&Row(row))?);
            }
            Ok(false)
        })?;
        Ok(found)
    }

    /// Returns the first column of the first row. Fails if there is no row.
    pub(super) fn value<T: FromValue>(&self, sql: &str, params: impl Params) -> Result<T> {
        self.find(sql, params, |row| row.get(0))?.ok_or_else(|| anyhow!("a statement returned no row"))
    }

    pub(super) fn list<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.query(sql, &params.values(), &mut |row| {
            rows.push(read(&Row(row))?);
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Returns the rows for a list of keys, which replace `$keys` in `sql`. Long lists are split over several
    /// statements, so `ORDER BY` can be relied on only among the rows of one key.
    pub(super) fn list_by_keys<K: ToValue, T>(
        &self,
        sql: &str,
        keys: &[K],
        read: fn(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        for keys in keys.chunks(MAX_KEYS) {
            // Pads the list with its last key to a power of two, so that few different statements are prepared.
            let length = keys.len().next_power_of_two();
            let padded = keys.iter().chain(keys.last().into_iter().cycle()).take(length);
            let sql = sql.replace("$keys", &placeholders(1..=length));
            rows.extend(self.list(&sql, padded.map(K::to_value).collect::<Vec<_>>(), read)?);
        }
        Ok(rows)
    }

    pub(super) fn exists(&self, sql: &str, params: impl Params) -> Result<bool> {
        Ok(self.find(sql, params, |_| Ok(()))?.is_some())
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
        self.0.execute(sql, &params.values())
    }
}

/// Returns a list of parameters, such as `$1, $2`.
pub(super) fn placeholders(numbers: impl Iterator<Item = usize>) -> String {
    numbers.map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// Escapes a string for a pattern of `LIKE` with `ESCAPE '\'`.
pub(super) fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Logs a statement on one line, without its parameters.
pub(super) fn trace(sql: &str) {
    if tracing::enabled!(tracing::Level::TRACE) {
        tracing::trace!("{}", sql.split_whitespace().collect::<Vec<_>>().join(" "));
    }
}
