//! Security headers.

use reqwest::{Client, Method};
use serde_json::json;

use crate::support::server::TestServer;

#[tokio::test]
async fn every_reply_has_security_headers() {
    let server = TestServer::start("").await;
    for (path, kind) in
        [("/graphql", "text/html"), ("/", "text/html"), ("/nowhere", "*/*"), ("/healthz", "*/*")]
    {
        let reply = Client::new().get(server.url(path)).header("Accept", kind).send().await.expect("a reply");
        let headers = reply.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        let policy = headers["content-security-policy"].to_str().expect("a string");
        assert!(
            policy.starts_with("default-src ") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
    let reply = server.raw(Method::POST, "/graphql").json(&json!({ "query": "{ me { email } }" }));
    assert_eq!(reply.send().await.expect("a reply").headers()["cache-control"], "no-store");
}
