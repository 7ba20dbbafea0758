//! Cleanup of expired rows.

use std::time::Duration;

use pledge4future_auth::accounts::cleanup::cleanup;

use super::{QUIET, new_tokens, sessions};
use crate::support::mutation::delete_account;
use crate::support::person::{PASSWORD, assert_done};
use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

fn rows(server: &TestServer, table: &str) -> usize {
    server.rows_of(table).len()
}

fn clean_up(server: &TestServer) -> usize {
    server.run(cleanup).unwrap_or_else(|_| panic!("the cleanup failed"))
}

#[tokio::test]
async fn only_expired_rows_are_deleted() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up("ada").await;
    let bo = server.sign_up("bo").await;
    let link = server.request_reset(&bo.email).await;
    assert_done(&server.reset_password(&link, PASSWORD).await);
    assert_done(&server.log_in(&bo.email, PASSWORD).await.mutate(&server, &delete_account(PASSWORD)).await);
    server.advance(6 * DAY);
    let (_, next) = new_tokens(&server.refresh(&ada.refresh_token).await);
    let phone = server.log_in(&ada.email, PASSWORD).await;

    // Only the link of the reset has expired.
    assert_eq!((rows(&server, "spent_action_tokens"), rows(&server, "released_emails")), (3, 1));
    assert_eq!(clean_up(&server), 1);
    assert_eq!((rows(&server, "spent_action_tokens"), rows(&server, "refresh_tokens")), (2, 3));

    server.advance(DAY + Duration::from_secs(2));
    assert_eq!(clean_up(&server), 3, "two links and a consumed refresh token");
    assert_eq!(clean_up(&server), 0);
    assert_eq!((rows(&server, "refresh_tokens"), rows(&server, "sessions")), (2, 2));
    let (token, _) = new_tokens(&server.refresh(&next).await);
    assert_eq!(sessions(&server, &token).await.len(), 2);
    assert_eq!(
        server.account_of(&phone.token).await,
        serde_json::Value::Null,
        "the access token has expired"
    );

    server.advance(90 * DAY);
    let of_bo = server.audit().iter().filter(|entry| entry.account == Some(2)).count();
    assert_eq!(
        clean_up(&server),
        3 + 2 + 1 + of_bo,
        "refresh tokens, sessions, the released address and the audit"
    );
    for table in ["refresh_tokens", "sessions", "spent_action_tokens", "released_emails"] {
        assert_eq!(rows(&server, table), 0, "{table}");
    }
    assert_eq!(rows(&server, "accounts"), 1);
}

#[tokio::test]
async fn many_rows_are_deleted_in_batches() {
    let server = TestServer::start(QUIET).await;
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
        INSERT INTO spent_action_tokens SELECT 'token' || i, i FROM n";
    server.database().execute(fill);
    let parts: Vec<usize> =
        std::iter::repeat_with(|| clean_up(&server)).take_while(|part| *part > 0).collect();
    assert_eq!(parts, [1000, 1000, 500]);
}
