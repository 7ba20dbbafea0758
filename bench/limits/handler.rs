//! A bare server for `me`: poem, async-graphql and one SQLite read. It has no access tokens, limits or log, and reads on
//! the thread of the request, because a thread pool would cost more than the read.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use async_graphql::{Context, EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject};
use async_graphql_poem::GraphQL;
use poem::listener::{Acceptor as _, Listener as _, TcpListener};
use poem::{Route, Server, post};
use rusqlite::Connection;

thread_local! {
    /// Each thread of the runtime has its own, so that requests do not wait for each other.
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

struct Database(PathBuf);

struct Query;

#[derive(SimpleObject)]
struct User {
    id: ID,
    email: String,
    username: String,
    first_name: String,
    last_name: String,
}

#[Object]
impl Query {
    async fn me(&self, context: &Context<'_>) -> async_graphql::Result<User> {
        let database = context.data::<Arc<Database>>()?;
        CONNECTION.with_borrow_mut(|connection| {
            let connection = match connection {
                Some(connection) => connection,
                None => connection.insert(Connection::open(&database.0)?),
            };
            Ok(find(connection, 1)?)
        })
    }
}

fn find(connection: &Connection, id: i64) -> rusqlite::Result<User> {
    let sql = "SELECT id, email, username, first_name, last_name FROM accounts WHERE id = ?1";
    connection.prepare_cached(sql)?.query_row([id], |row| {
        Ok(User {
            id: ID::from(row.get::<_, i64>(0)?),
            email: row.get(1)?,
            username: row.get(2)?,
            first_name: row.get(3)?,
            last_name: row.get(4)?,
        })
    })
}

/// Creates a table with as many columns as the server reads for `me`.
fn create(path: &PathBuf) -> Result<()> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE accounts (
             id INTEGER PRIMARY KEY, username TEXT, email TEXT, secondary_email TEXT, first_name TEXT, last_name TEXT,
             academic_title TEXT, epoch BIGINT, epoch_began_at BIGINT, is_staff BIGINT, joined_at BIGINT,
             verified_at BIGINT, archived_at BIGINT, deactivated_at BIGINT, activation_ends_password BIGINT,
             working_group_id TEXT, role TEXT
         )",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO accounts (id, username, email, first_name, last_name)
         VALUES (?1, 'user' || ?1, 'user' || ?1 || '@example.org', 'Ada', 'Lovelace')",
    )?;
    for id in 1..=1000 {
        insert.execute([id])?;
    }
    Ok(())
}

pub fn run(port: u16) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("accounts.sqlite3");
    create(&path)?;
    let schema =
        Schema::build(Query, EmptyMutation, EmptySubscription).data(Arc::new(Database(path))).finish();
    let routes = Route::new().at("/graphql", post(GraphQL::new(schema)));
    tokio::runtime::Runtime::new()?.block_on(async {
        let acceptor = TcpListener::bind(("127.0.0.1", port)).into_acceptor().await?;
        for address in acceptor.local_addr() {
            println!("{}", address.to_string().trim_start_matches("socket://"));
        }
        Server::new_with_acceptor(acceptor).run(routes).await?;
        Ok(())
    })
}
