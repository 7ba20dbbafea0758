use anyhow::{Context as _, Result, anyhow};
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator as _;

use super::{ForeignRow, ForeignTable, group_by_table, quote};
use crate::config::PostgresServer;
use crate::store::postgres::open_client;

pub(super) fn connect(server: &PostgresServer) -> Result<Client> {
    let mut client = open_client(server)?;
    // Times without a time zone are those of Django, which stores UTC.
    client.batch_execute(
        "SET TIME ZONE 'UTC'; SET DATESTYLE TO 'ISO'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    )?;
    Ok(client)
}

pub(super) fn tables(client: &mut Client) -> Result<Vec<ForeignTable>> {
    let sql = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c \
         JOIN information_schema.tables t USING (table_schema, table_name) \
         WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' \
         ORDER BY c.table_name, c.ordinal_position";
    let rows = client.query(sql, &[])?;
    let columns = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    Ok(group_by_table(columns.collect::<Result<Vec<_>>>()?))
}

pub(super) fn for_each_row(
    client: &mut Client,
    table: &ForeignTable,
    visit: &mut dyn FnMut(ForeignRow) -> Result<()>,
) -> Result<()> {
    let first = quote(table.columns.first().context("it has no column")?);
    // PostgreSQL converts each type to JSON, so this program needs to know none of them.
    let sql = format!("SELECT row_to_json(t)::text FROM {} t ORDER BY t.{first}", quote(&table.name));
    let mut rows = client.query_raw(&sql, std::iter::empty::<&str>())?;
    while let Some(row) = rows.next()? {
        let json: &str = row.try_get(0)?;
        visit(serde_json::from_str(json).map_err(|error| anyhow!("a row is not valid JSON ({error})"))?)?;
    }
    Ok(())
}
