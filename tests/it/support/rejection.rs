//! Requests that are rejected: the reply names the reason and no internals, and nothing is written.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::server::TestServer;

/// Words that no reply contains.
const INTERNALS: [&str; 7] =
    ["rusqlite", "sqlite", "panicked", "src/", "SELECT", "async_graphql", "Internal server error"];

pub const ME: &str = "{ me { email } }";

/// Sends a request that is rejected with `errors` and without data. Returns the status and the first message.
pub async fn rejection(request: RequestBuilder) -> (u16, String) {
    let reply = request.send().await.expect("a reply");
    let status = reply.status().as_u16();
    assert_eq!(reply.headers()[CONTENT_TYPE], "application/json");
    let text = reply.text().await.expect("a reply in UTF-8");
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

/// Asserts that the server still replies and that nothing was written.
pub async fn assert_unchanged(server: &TestServer) {
    assert_eq!(server.query(None, ME).await, json!({ "me": null }));
    for table in ["accounts", "outbox", "refresh_tokens", "sessions", "spent_action_tokens"] {
        assert_eq!(server.rows_of(table), [] as [String; 0], "{table}");
    }
}

pub fn post(server: &TestServer, body: impl Into<reqwest::Body>) -> RequestBuilder {
    server.raw(Method::POST, "/graphql").header(CONTENT_TYPE, "application/json").body(body)
}
