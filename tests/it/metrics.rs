//! `/metrics`.

use reqwest::Method;
use serde_json::json;

use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

async fn page(server: &TestServer) -> String {
    let reply = server.raw(Method::GET, "/metrics").send().await.expect("a reply");
    assert_eq!(reply.status(), 200);
    let kind = reply.headers()["content-type"].to_str().expect("a string").to_owned();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    reply.text().await.expect("a string")
}

/// Returns the value of a metric.
fn value(page: &str, name: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map(|value| value.parse().expect("a number"))
}

#[tokio::test]
async fn operations_are_counted_by_field_and_outcome_despite_aliases() {
    let server = TestServer::start("metrics.enabled = true\n").await;
    let ada = server.sign_up("ada").await;
    server.try_log_in(&ada.email, "wrong").await;
    server.query(None, "{ secret: me { email } again: me { pk } }").await;
    server.send(None, "{ workinggroups { id } }", json!({})).await;
    let page = page(&server).await;
    for (operation, outcome, count) in [
        ("register", "done", 1.0),
        ("tokenAuth", "done", 1.0),
        ("tokenAuth", "refused", 1.0),
        ("me", "done", 2.0),
        ("workinggroups", "refused", 1.0),
    ] {
        let name = format!("p4f_auth_operations_total{{operation=\"{operation}\",outcome=\"{outcome}\"}}");
        assert_eq!(value(&page, &name), Some(count), "{name}: {page}");
    }
    assert_eq!(value(&page, "p4f_auth_hashing_time_seconds_count"), Some(3.0), "{page}");
    assert_eq!(value(&page, "p4f_auth_hashing_waiting"), Some(0.0));
    assert!(value(&page, "p4f_auth_write_wait_seconds_count") >= Some(3.0), "{page}");
    assert_eq!(value(&page, "p4f_auth_database_busy_total"), Some(0.0));
    assert_eq!(value(&page, "p4f_auth_mails{state=\"refused\"}"), Some(0.0));
    for level in ["database_bytes", "memory_bytes"] {
        assert!(value(&page, &format!("p4f_auth_{level}")) >= Some(4096.0), "{level}: {page}");
    }
    for secret in ["ada", "secret", "again", PASSWORD] {
        assert!(!page.contains(secret), "{secret} in {page}");
    }
}

#[tokio::test]
async fn every_metric_has_a_help_text_and_a_type() {
    let server = TestServer::start("metrics.enabled = true\n").await;
    server.query(None, "{ me { email } }").await;
    let page = page(&server).await;
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    for sample in samples {
        let name = sample.split(['{', ' ']).next().expect("a name");
        let parts = ["_bucket", "_sum", "_count"];
        let name = parts.into_iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        let help = format!("# HELP {name} ");
        let help = page.lines().find_map(|line| line.strip_prefix(&help));
        assert!(help.is_some_and(|help| help.len() > 10), "{name}: {page}");
        assert!(page.contains(&format!("# TYPE {name} ")), "{name}: {page}");
    }
    assert!(page.contains("# HELP p4f_auth_operations_total "), "{page}");
}

#[tokio::test]
async fn metrics_show_waiting_mail() {
    let server = TestServer::start("metrics.enabled = true\n").await;
    server.register("ada").await;
    server.advance(std::time::Duration::from_secs(90));
    let before = page(&server).await;
    assert_eq!(value(&before, "p4f_auth_mails{state=\"waiting\"}"), Some(1.0));
    assert_eq!(value(&before, "p4f_auth_mail_age_seconds"), Some(90.0));
    server.ignore_mail();
    let after = page(&server).await;
    assert_eq!(value(&after, "p4f_auth_mails{state=\"waiting\"}"), Some(0.0));
    assert_eq!(value(&after, "p4f_auth_mail_age_seconds"), Some(0.0));
}

#[tokio::test]
async fn metrics_are_off_by_default() {
    let server = TestServer::start("").await;
    let reply = server.raw(Method::GET, "/metrics").send().await.expect("a reply");
    assert_eq!(reply.status(), 404);
}
