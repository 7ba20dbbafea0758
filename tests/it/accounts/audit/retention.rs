//! The audit is append-only, and old entries are deleted.

use std::time::Duration;

use pledge4future_auth::accounts::cleanup::cleanup;
use pledge4future_auth::config;

use crate::support::server::TestServer;

const DAY: Duration = Duration::from_hours(24);

fn clean_up(server: &TestServer) -> usize {
    std::iter::repeat_with(|| server.run(cleanup).unwrap_or_else(|_| panic!("the cleanup failed")))
        .take_while(|part| *part > 0)
        .sum()
}

#[tokio::test]
async fn entries_cannot_be_changed() {
    let server = TestServer::start("").await;
    server.register("ada").await;
    server.ignore_mail();
    let before = server.rows();
    for change in ["event = 'verified'", "at = 0", "address = NULL", "account_id = 7", "id = 7"] {
        let refused = server.database().try_execute(&format!("UPDATE audit SET {change}"));
        assert!(refused.is_err_and(|error| error.contains("is not changed")), "{change}");
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn entries_are_kept_for_the_configured_time() {
    let server = TestServer::start("audit.kept = \"10 days\"\n").await;
    server.register_verified("ada").await;
    server.advance(4 * DAY);
    server.register("bo").await;
    server.ignore_mail();
    server.advance(6 * DAY);
    clean_up(&server);
    assert_eq!(server.audit_lines().len(), 3, "an entry was deleted too early");
    server.advance(Duration::from_micros(1));
    assert_eq!(clean_up(&server), 2);
    assert_eq!(server.audit_lines(), ["2 registered somebody"]);
    server.advance(10 * DAY);
    clean_up(&server);
    assert!(server.audit().is_empty());
    server.register("cleo").await;
    server.ignore_mail();
    assert_eq!(server.audit()[0].id, 4, "an id was used twice");
}

#[tokio::test]
async fn many_rows_are_deleted_in_batches() {
    let server = TestServer::start("").await;
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) \
        INSERT INTO audit (at, event, actor) SELECT i, 'login_refused', 'somebody' FROM n";
    server.database().execute(fill);
    let part = || server.run(cleanup).unwrap_or_else(|_| panic!("the cleanup failed"));
    let parts: Vec<usize> = std::iter::repeat_with(part).take_while(|part| *part > 0).collect();
    assert_eq!(parts, [1000, 1000, 500]);
}

#[test]
fn an_invalid_retention_time_is_refused() {
    for kept in ["0 s", "1 hour", "101 years", "forever"] {
        let refused = config::load_text(&format!("audit.kept = {kept:?}\n")).err().expect(kept);
        assert!(refused.to_string().starts_with("audit.kept:"), "{refused}");
    }
    assert!(config::load_text("audit.kept = \"1 day\"\n").is_ok());
}
