//! The database of a test: an SQLite file, or in the second run of all tests (`again_on_postgres`) one on PostgreSQL.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use postgres::NoTls;
use postgres::error::SqlState;
use rusqlite::types::Value;

/// The variable with the URL of the PostgreSQL server of the second run, without the name of a database.
pub const SERVER: &str = "P4F_TEST_POSTGRES";
/// The migrated database on that server, which is copied for each test.
pub const TEMPLATE: &str = "p4f_template";

/// The secret key of tests on PostgreSQL, where the settings must name one.
pub const SECRET_KEY: &str = "the key of tests on a shared database";

pub enum Database {
    Sqlite(PathBuf),
    Postgres(Box<PostgresDatabase>),
}

pub struct PostgresDatabase {
    server: String,
    name: String,
    connection: KeptConnection,
}

/// Opened by the first use, and kept: to open one takes longer than most queries.
type KeptConnection = Mutex<Option<postgres::Client>>;

/// A connection for `CREATE DATABASE` and `DROP DATABASE`.
static ADMINISTRATION: KeptConnection = KeptConnection::new(None);

impl PostgresDatabase {
    fn run<T: Send>(&self, run: impl FnOnce(&mut postgres::Client) -> T + Send) -> T {
        run_with(&self.connection, &self.server, &self.name, run)
    }

    fn administer(&self, sql: &str) {
        run_with(&ADMINISTRATION, &self.server, "postgres", |client| client.batch_execute(sql).expect(sql));
    }
}

fn run_with<T: Send>(
    connection: &KeptConnection,
    server: &str,
    name: &str,
    run: impl FnOnce(&mut postgres::Client) -> T + Send,
) -> T {
    on_a_thread(|| {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        run(connection.get_or_insert_with(|| connect(server, name)))
    })
}

impl Database {
    /// Returns the SQLite file, or a new database on PostgreSQL.
    pub fn new(file: PathBuf) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(SERVER) else { return Self::Sqlite(file) };
        let name = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let database = PostgresDatabase { server, name, connection: KeptConnection::default() };
        let name = &database.name;
        database.administer(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"));
        Self::Postgres(Box::new(database))
    }

    /// Returns a new database on PostgreSQL, without tables. Returns `None` in the run on SQLite.
    pub fn empty() -> Option<Self> {
        let database = Self::new(PathBuf::new());
        database.postgres_url()?;
        let Self::Postgres(created) = &database else { return None };
        created.administer(&format!("DROP DATABASE {}", created.name));
        created.administer(&format!("CREATE DATABASE {}", created.name));
        Some(database)
    }

    /// Returns the URL for the settings. `None` for SQLite.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(database) => Some(url(&database.server, &database.name)),
        }
    }

    /// Returns the URL of a database on PostgreSQL. In the run on SQLite, prints that the test is skipped.
    pub fn postgres_url(&self) -> Option<String> {
        let url = self.url();
        if url.is_none() {
            eprintln!("skipped: this needs a database on PostgreSQL; it runs in the second run");
        }
        url
    }

    /// Runs a statement without parameters, which must succeed.
    pub fn execute(&self, sql: &str) {
        self.try_execute(sql).expect(sql);
    }

    /// Runs a statement without parameters. Returns the message of an error.
    pub fn try_execute(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite(file) => {
                let database = rusqlite::Connection::open(file).expect("a database");
                database.execute_batch(sql).map_err(|error| error.to_string())
            }
            Self::Postgres(database) => database.run(|client| {
                // The first commit fails: see `again_on_postgres`.
                let outcome = client.batch_execute(sql).or_else(|error| match error.code() {
                    Some(&SqlState::T_R_SERIALIZATION_FAILURE) => client.batch_execute(sql),
                    _ => Err(error),
                });
                outcome.map_err(|error| {
                    error.as_db_error().expect("an error of PostgreSQL").message().to_owned()
                })
            }),
        }
    }

    /// Returns the rows of a query.
    pub fn query(&self, sql: &str) -> Vec<Vec<Value>> {
        match self {
            Self::Sqlite(file) => {
                let database = rusqlite::Connection::open(file).expect("a database");
                let mut statement = database.prepare(sql).expect(sql);
                let columns = statement.column_count();
                let rows =
                    statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
                rows.expect(sql).collect::<Result<_, _>>().expect("rows")
            }
            Self::Postgres(database) => database.run(|client| {
                let rows = client.query(sql, &[]).expect(sql);
                rows.iter().map(|row| (0..row.len()).map(|column| value(row, column)).collect()).collect()
            }),
        }
    }

    /// Returns every row of every table as text that begins with the name of the table.
    pub fn rows(&self) -> Vec<String> {
        let tables = match self {
            Self::Sqlite(_) => {
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            Self::Postgres(_) => "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public'",
        };
        let tables = self.query(tables);
        assert!(tables.len() > 9, "{tables:?}");
        let mut rows = Vec::new();
        for table in tables {
            let [Value::Text(table)] = table.as_slice() else { panic!("{table:?}") };
            // Its columns have other types, and depend on the library.
            if table == "refinery_schema_history" {
                continue;
            }
            let found = self.query(&format!("SELECT * FROM {table}"));
            rows.extend(found.iter().map(|row| format!("{table}: {row:?}")));
        }
        // PostgreSQL returns a row in another place after it changed.
        rows.sort();
        rows
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // A client blocks when it is dropped.
        on_a_thread(|| drop(connection));
        self.administer(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// Runs code on a thread that may block, because tests are async.
pub fn on_a_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let outcome = std::thread::scope(|scope| scope.spawn(run).join());
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

pub fn url(server: &str, name: &str) -> String {
    format!("{server}/{name}")
}

pub fn connect(server: &str, name: &str) -> postgres::Client {
    postgres::Client::connect(&url(server, name), NoTls).expect("PostgreSQL answers")
}

fn value(row: &postgres::Row, column: usize) -> Value {
    let number = row.try_get::<_, Option<i64>>(column).map(|number| number.map(Value::Integer));
    let text = || row.get::<_, Option<String>>(column).map(Value::Text);
    number.unwrap_or_else(|_| text()).unwrap_or(Value::Null)
}
