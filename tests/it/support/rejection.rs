//! Requests that are rejected: the reply names the reason and no internals, and nothing is written.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::server::TestServer;

/// What nobody outside has to know.
const INTERNALS: [&str; 7] =
    ["rusqlite", "sqlite", "panicked", "src/", "SELECT", "async_graphql", "Internal server error"];

pub const ME: &str = "{ me { email } }";

/// Sends what cannot be answered and answers status and first sentence: JSON, with `errors` and without data.
pub async fn complaint(request: RequestBuilder) -> (u16, String) {
    let reply = request.send().await.expect("an answer");
    let status = reply.status().as_u16();
    assert_eq!(reply.headers()[CONTENT_TYPE], "application/json");
    let text = reply.text().await.expect("an answer in UTF-8");
    assert_no_internals(&text);
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let errors = body["errors"].as_array().unwrap_or_else(|| panic!("no errors in {text}"));
    let messages: Vec<&str> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
    assert!(!messages.is_empty() && messages.iter().all(|message| !message.is_empty()), "{text}");
    assert!(body.get("data").is_none(), "{text}");
    (status, messages[0].to_owned())
}

pub fn assert_no_internals(text: &str) {
    for part in INTERNALS {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

/// Others are served on, and nothing was written.
pub async fn assert_unmoved(server: &TestServer) {
    assert_eq!(server.ask(None, ME).await, json!({ "me": null }));
    for table in ["accounts", "outbox", "refresh_tokens", "sessions", "spent_action_tokens"] {
        assert_eq!(rows(server, table), 0, "{table}");
    }
}

pub fn rows(server: &TestServer, table: &str) -> i64 {
    let database = Connection::open(server.data().join("auth.sqlite3")).expect("a database");
    let count = database.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0));
    count.expect("a table")
}

pub fn post(server: &TestServer, body: impl Into<reqwest::Body>) -> RequestBuilder {
    server.raw(Method::POST, "/graphql").header(CONTENT_TYPE, "application/json").body(body)
}
