//! SIGHUP reloads the settings.

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::mutation::{register, resend_activation};
use crate::support::program::{Serving, Site};

const BEGINNING: &str = "listen = \"127.0.0.1:0\"\npasswords.memory = \"64 KiB\"\npasswords.iterations = 1\n";

/// Registers with a password of eleven characters. Returns the errors.
async fn register_with_11(server: &Serving, name: &str) -> String {
    server.mutate(&register(&format!("{name}@example.org"), "tidal-Basin")).await["errors"].to_string()
}

async fn front(server: &Serving) -> String {
    let page = reqwest::Client::new().get(server.address()).header("Accept", "text/html").send().await;
    page.expect("a reply").text().await.expect("a page")
}

#[tokio::test]
async fn the_next_request_uses_reloaded_settings() {
    let site = Site::with_settings("");
    let server = site.serve();
    assert_eq!(register_with_11(&server, "ada").await, "null");
    assert!(server.mail().contains("Activate your account on localhost:8000"));

    site.write(
        "config.toml",
        format!(
            "{BEGINNING}passwords.min_length = 12\nsite_name = \"Elsewhere\"\nlog.level = \"warn\"\n\
             metrics.enabled = true\npages.branding.name = \"Our accounts\"\n"
        ),
    );
    // The new level hides the log line about the reload.
    server.signal("-HUP");
    while !front(&server).await.contains("Our accounts") {}
    assert!(register_with_11(&server, "bo").await.contains("password_too_short"));
    let metrics = reqwest::get(format!("{}/metrics", server.address())).await.expect("a reply");
    assert_eq!(metrics.status(), 200);
    server.mutate(&resend_activation("ada@example.org")).await;
    assert!(server.mail().contains("Activate your account on Elsewhere"));
    let end = server.terminate();
    assert_eq!(end.status, Some(0));
    assert!(!end.stderr.contains("resendActivationEmail"), "the log level did not change: {}", end.stderr);
}

#[tokio::test]
async fn a_reload_ignores_settings_that_are_invalid_or_need_a_restart() {
    let site = Site::with_settings("");
    let server = site.serve();
    for (settings, message) in [
        ("passwords.min_length = 0\n", "passwords.min_length: must be between 1 and 128"),
        ("passwords.min_lenght = 9\n", "did you mean \"passwords.min_length\"?"),
        ("passwords.min_length = 12\ndata_dir = \"other\"\n", "data_dir: restart the server"),
        ("passwords.min_length = 12\n[http.tls]\nacme = \"a.example.org\"\n", "http.tls: restart the server"),
        ("passwords.min_length = 12\n[log]\nformat = \"json\"\n", "log.format: restart the server"),
        (
            "passwords.min_length = 12\n[mail]\ntemplates = \"nowhere\"\n",
            "mail.templates: nowhere cannot be read",
        ),
    ] {
        site.write("config.toml", format!("{BEGINNING}{settings}"));
        let said = server.reload();
        assert!(said.contains("the settings were not reloaded") && said.contains(message), "{said}");
    }
    assert_eq!(register_with_11(&server, "ada").await, "null");
    server.mail();
    assert!(!site.path("other").exists());
    assert_eq!(server.terminate().status, Some(0));
}

#[tokio::test]
async fn running_requests_still_count_after_a_reload() {
    let site = Site::with_settings("");
    let server = site.serve();
    let ask = async || {
        let request = reqwest::Client::new().post(server.endpoint());
        request.json(&json!({ "query": "{ me { email } }" })).send().await.expect("a reply").status().as_u16()
    };
    // The bodies are never sent.
    let head =
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n";
    let mut connections = Vec::new();
    while ask().await == 200 {
        let address = server.address().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("a write");
        connections.push(stream);
        assert!(connections.len() < 300, "the server accepts requests without limit");
    }
    assert!(server.reload().contains("were reloaded"));
    assert_eq!(ask().await, 503);
}

#[tokio::test]
async fn metrics_with_their_own_address_are_served_only_there() {
    let site = Site::with_settings("metrics.enabled = true\nmetrics.listen = \"127.0.0.1:0\"\n");
    let server = site.serve();
    let line = server.wait_for("metrics at ");
    let (_, there) = line.split_once("metrics at ").expect("an address");
    let page = reqwest::get(there).await.expect("a reply").text().await.expect("a page");
    assert!(page.contains("p4f_auth_memory_bytes"), "{page}");
    let other = there.replace("/metrics", "/graphql");
    assert_eq!(reqwest::get(other).await.expect("a reply").status(), 404);
    let here = reqwest::get(format!("{}/metrics", server.address())).await.expect("a reply");
    assert_eq!(here.status(), 404);
    let ready = there.replace("/metrics", "/readyz");
    assert_eq!(reqwest::get(ready).await.expect("a reply").text().await.expect("a string"), "ready\n");
    let address = there.trim_start_matches("http://").trim_end_matches("/metrics");
    let asked = site.run_with([("P4F_AUTH_METRICS__LISTEN", address)], ["healthcheck"]);
    assert_eq!(asked.done(), "ready\n");
    assert_eq!(server.terminate().status, Some(0));
}
