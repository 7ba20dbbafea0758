//! The schemas that the migrations of the two engines create are the same.

use std::collections::BTreeSet;
use std::path::PathBuf;

use pledge4future_auth::store::Store;
use pledge4future_auth::store::tables::TABLES;
use rusqlite::types::Value;

use crate::support::database::Database;
use crate::support::program::Site;

/// Returns the rows of a query as lines.
fn lines(database: &Database, sql: &str) -> BTreeSet<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    database.query(sql).iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect()
}

/// Returns a migrated SQLite file, and the folder that it is in.
fn sqlite() -> (tempfile::TempDir, Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let file: PathBuf = folder.path().join("auth.sqlite3");
    let location = pledge4future_auth::config::Location::Sqlite(file.clone());
    Store::open(&location).expect("a file").migrate().expect("a database");
    (folder, Database::Sqlite(file))
}

const SQLITE_COLUMNS: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0 \
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'refinery%'";

#[test]
fn moves_copy_every_column_of_every_table() {
    let (_folder, sqlite) = sqlite();
    let columns = lines(
        &sqlite,
        "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
        WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'refinery%'",
    );
    let copied =
        TABLES.iter().flat_map(|table| table.columns.iter().map(|column| format!("{} {column}", table.name)));
    assert_eq!(copied.collect::<BTreeSet<_>>(), columns);
}

#[test]
fn both_engines_have_the_same_tables_columns_and_indexes() {
    let site = Site::empty();
    let postgres = site.database();
    if postgres.postgres_url().is_none() {
        return;
    }
    let (_folder, sqlite) = sqlite();
    let expected =
        lines(&sqlite, SQLITE_COLUMNS).into_iter().map(|line| line.replace(" INTEGER ", " BIGINT "));
    let columns = "SELECT table_name::TEXT, column_name::TEXT, upper(data_type)::TEXT, (is_nullable = 'NO')::INT::BIGINT \
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'refinery%'";
    assert_eq!(lines(postgres, columns), expected.collect());

    let indexes = "SELECT name, tbl_name, sql LIKE 'CREATE UNIQUE%' FROM sqlite_schema \
        WHERE type = 'index' AND sql IS NOT NULL";
    let postgres_indexes = "SELECT indexname::TEXT, tablename::TEXT, (indexdef LIKE 'CREATE UNIQUE%')::INT::BIGINT \
        FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey'";
    assert_eq!(lines(postgres, postgres_indexes), lines(&sqlite, indexes));
}
