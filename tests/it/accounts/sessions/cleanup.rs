//! What has expired is swept.

use std::time::Duration;

use pledge4future_auth::accounts::cleanup::cleanup;
use rusqlite::Connection;

use super::{QUIET, renewed, sessions, who};
use crate::support::person::{PASSWORD, assert_done};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

fn rows(server: &TestServer, table: &str) -> usize {
    server.rows().iter().filter(|row| row.starts_with(&format!("{table}: "))).count()
}

fn swept(server: &TestServer) -> usize {
    cleanup(server.app()).unwrap_or_else(|_| panic!("the sweep failed"))
}

#[tokio::test]
async fn what_has_expired_goes_and_nothing_else() {
    let server = TestServer::start(QUIET).await;
    let ada = server.joins("ada").await;
    let bo = server.joins("bo").await;
    let link = server.asks_for_a_reset(&bo.email).await;
    assert_done(&server.resets(&link, PASSWORD).await);
    assert_done(
        &server
            .logs_in(&bo.email, PASSWORD)
            .await
            .does(&server, &format!("deleteAccount(password: {PASSWORD:?})"))
            .await,
    );
    server.advance(6 * DAY);
    let (_, next) = renewed(&server.refreshes(&ada.refresh_token).await);
    let phone = server.logs_in(&ada.email, PASSWORD).await;

    // Of the links, that of the reset alone has expired.
    assert_eq!((rows(&server, "spent_action_tokens"), rows(&server, "released_emails")), (3, 1));
    assert_eq!(swept(&server), 1);
    assert_eq!((rows(&server, "spent_action_tokens"), rows(&server, "refresh_tokens")), (2, 3));

    server.advance(DAY + Duration::from_secs(2));
    assert_eq!(swept(&server), 3, "two links, and a refresh token that was turned in");
    assert_eq!(swept(&server), 0);
    assert_eq!((rows(&server, "refresh_tokens"), rows(&server, "sessions")), (2, 2));
    let (token, _) = renewed(&server.refreshes(&next).await);
    assert_eq!(sessions(&server, &token).await.len(), 2);
    assert_eq!(who(&server, &phone.token).await, serde_json::Value::Null, "a day is over");

    server.advance(90 * DAY);
    assert_eq!(swept(&server), 3 + 2 + 1, "refresh tokens, sessions and the address that was given up");
    for table in ["refresh_tokens", "sessions", "spent_action_tokens", "released_emails"] {
        assert_eq!(rows(&server, table), 0, "{table}");
    }
    assert_eq!(rows(&server, "accounts"), 1);
}

#[tokio::test]
async fn a_lot_is_swept_in_parts() {
    let server = TestServer::start(QUIET).await;
    let database = Connection::open(server.data().join("auth.sqlite3")).expect("a database");
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
        INSERT INTO spent_action_tokens SELECT 'token' || i, i FROM n";
    assert_eq!(database.execute(fill, []).expect("rows"), 2500);
    let parts: Vec<usize> = std::iter::repeat_with(|| swept(&server)).take_while(|part| *part > 0).collect();
    assert_eq!(parts, [1000, 1000, 500]);
}
