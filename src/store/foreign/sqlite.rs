use std::path::Path;

use anyhow::{Result, anyhow};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::{ForeignRow, ForeignTable, group_by_table, quote};

pub(super) fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; BEGIN")?;
    Ok(connection)
}

pub(super) fn tables(connection: &Connection) -> Result<Vec<ForeignTable>> {
    let sql = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' ORDER BY m.name, c.cid";
    let mut statement = connection.prepare(sql)?;
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(group_by_table(columns.collect::<rusqlite::Result<Vec<_>>>()?))
}

pub(super) fn for_each_row(
    connection: &Connection,
    table: &ForeignTable,
    visit: &mut dyn FnMut(ForeignRow) -> Result<()>,
) -> Result<()> {
    let columns: Vec<String> = table.columns.iter().map(|column| quote(column)).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY 1", columns.join(", "), quote(&table.name));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut values = ForeignRow::new();
        for (index, column) in table.columns.iter().enumerate() {
            let value = match row.get_ref(index)? {
                // No column that this program reads contains bytes.
                ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                ValueRef::Integer(number) => number.into(),
                ValueRef::Real(number) => number.into(),
                ValueRef::Text(text) => std::str::from_utf8(text)
                    .map_err(|_| anyhow!("the column {column} has a text that is not UTF-8"))?
                    .into(),
            };
            values.insert(column.clone(), value);
        }
        visit(values)?;
    }
    Ok(())
}
