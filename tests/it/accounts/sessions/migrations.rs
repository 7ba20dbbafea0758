//! A database of a version without sessions: its tokens stay valid.

use std::path::Path;
use std::time::Duration;

use pledge4future_auth::tokens::refresh;
use refinery::Target;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::{QUIET, assert_not_refreshed, new_tokens, sessions};
use crate::support::access_token::sign;
use crate::support::embedded;
use crate::support::server::TestServer;

/// 2026-03-01T12:00:00Z, when the server of a test starts.
const START: i64 = 1_772_366_400;
const DAY: i64 = 24 * 3600;

/// Creates the database of an earlier version, in which ada has used a laptop and a phone.
fn fill_earlier_version(data: &Path) {
    let mut database = Connection::open(data.join("auth.sqlite3")).expect("a database");
    let before = embedded::migrations::runner().set_target(Target::Version(5));
    before.run(&mut database).expect("the schema of the version before");
    let account = "INSERT INTO accounts (id, username, username_key, first_name, last_name, academic_title, epoch, is_staff, \
        joined_at, verified_at) VALUES (1, 'ada', 'ada', '', '', '', 3, 0, 0, 0)";
    database.execute(account, []).expect("an account");
    let address = "INSERT INTO email_addresses VALUES ('ada@example.org', 'ada@example.org', 1, 'primary')";
    database.execute(address, []).expect("an address");
    for (token, session, issued, spent) in [
        ("laptop-3", "laptop", START - DAY, None),
        ("laptop-1", "laptop", START - 3 * DAY, Some(START - 2 * DAY)),
        ("laptop-2", "laptop", START - 2 * DAY, Some(START - DAY)),
        ("phone-1", "phone", START - 5 * DAY, None),
        ("old-1", "old", START - 8 * DAY, None),
    ] {
        let insert = "INSERT INTO refresh_tokens VALUES ($1, 1, $2, $3, $4, $5)";
        let micros = |seconds: i64| seconds * 1_000_000;
        let values = params![
            refresh::hash(token),
            session,
            micros(issued),
            micros(issued + 7 * DAY),
            spent.map(micros)
        ];
        database.execute(insert, values).expect("a refresh token");
    }
}

fn access_token(epoch: i64) -> String {
    let claims = json!({ "email": "ada@example.org", "exp": START + 3600, "origIat": START - 3600, "sub": "1", "epoch": epoch });
    sign(&claims)
}

#[tokio::test]
async fn tokens_of_a_version_without_sessions_stay_valid() {
    let server = TestServer::start_on(QUIET, fill_earlier_version).await;
    let token = access_token(3);
    assert_eq!(server.account_of(&token).await["username"], "ada");
    assert_eq!(
        server.account_of(&access_token(2)).await,
        Value::Null,
        "a token of an earlier epoch is valid"
    );

    let listed = sessions(&server, &token).await;
    let shown = |field: &str| listed.iter().map(|session| session[field].clone()).collect::<Vec<_>>();
    assert_eq!(shown("id"), ["laptop", "phone"], "an expired session is listed");
    assert_eq!(shown("createdAt"), ["2026-02-26T12:00:00+00:00", "2026-02-24T12:00:00+00:00"]);
    assert_eq!(shown("lastUsedAt"), ["2026-02-28T12:00:00+00:00", "2026-02-24T12:00:00+00:00"]);
    assert_eq!(shown("address"), [Value::Null, Value::Null]);
    assert_eq!((shown("userAgent"), shown("current")), (vec!["".into(); 2], vec![false.into(); 2]));

    let (new, _) = new_tokens(&server.refresh("phone-1").await);
    let current = sessions(&server, &new).await.into_iter().find(|session| session["current"] == true);
    assert_eq!(current.expect("a session")["id"], "phone");
    assert_not_refreshed(&server.refresh("old-1").await);
    server.advance(Duration::from_secs(3601));
    assert_eq!(server.account_of(&token).await, Value::Null);
}

#[tokio::test]
async fn refresh_tokens_of_an_earlier_version_keep_their_successors() {
    let server = TestServer::start_on(QUIET, fill_earlier_version).await;
    let (_, next) = new_tokens(&server.refresh("laptop-2").await);
    assert_not_refreshed(&server.refresh("laptop-3").await);
    new_tokens(&server.refresh(&next).await);

    let server = TestServer::start_on(QUIET, fill_earlier_version).await;
    assert_not_refreshed(&server.refresh("laptop-1").await);
    assert_not_refreshed(&server.refresh("laptop-3").await);
    new_tokens(&server.refresh("phone-1").await);
}

#[tokio::test]
async fn a_migrated_database_passes_its_check() {
    let server = TestServer::start_on(QUIET, fill_earlier_version).await;
    let contents = server.run(|app| app.store.check()).expect("a sound database");
    let rows = |table: &str| contents.rows.iter().find(|(name, _)| name == table).map(|(_, rows)| *rows);
    assert_eq!((rows("sessions"), rows("refresh_tokens")), (Some(3), Some(5)));
}
