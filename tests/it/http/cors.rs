//! Requests of other origins.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::TestServer;

const SITE: &str = "https://www.example.org";

async fn request_from(server: &TestServer, origin: &str, method: Method) -> reqwest::Response {
    let request = server.raw(method, "/graphql").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    request.json(&json!({ "query": "{ me { email } }" })).send().await.expect("a reply")
}

#[tokio::test]
async fn only_origins_in_the_settings_may_use_the_api() {
    let closed = TestServer::start("").await;
    let open = TestServer::start(&format!("http.cors_origins = [{SITE:?}]\n")).await;
    for (server, origin) in [(&closed, SITE), (&open, "https://www.example.com"), (&open, "null")] {
        let asked = request_from(server, origin, Method::OPTIONS).await;
        assert_eq!(asked.status(), 403, "{origin}");
        let posted = request_from(server, origin, Method::POST).await;
        assert_eq!(posted.status(), 200, "{origin}");
        for reply in [&asked, &posted] {
            assert!(!reply.headers().contains_key("access-control-allow-origin"), "{origin}");
        }
        let body: Value = asked.json().await.expect("JSON");
        let message = body["errors"][0]["message"].as_str().expect("a sentence");
        assert!(message.contains("http.cors_origins"), "{message}");
    }
    let asked = request_from(&open, SITE, Method::OPTIONS).await;
    assert_eq!(asked.status(), 204);
    assert_eq!(asked.headers()["access-control-allow-headers"], "Authorization, Content-Type");
    let reply = request_from(&open, SITE, Method::POST).await;
    assert_eq!(reply.status(), 200);
    for (name, value) in [("access-control-allow-origin", SITE), ("vary", "Origin")] {
        assert_eq!(reply.headers()[name], value);
        assert_eq!(asked.headers()[name], value);
    }
    assert!(!reply.headers().contains_key("access-control-allow-credentials"));
}

#[tokio::test]
async fn only_a_preflight_is_refused_for_its_origin() {
    let server = TestServer::start("").await;
    for (header, value) in [("Origin", SITE), ("Access-Control-Request-Method", "POST")] {
        let request = server.raw(Method::OPTIONS, "/graphql").header(header, value);
        assert_eq!(request.send().await.expect("a reply").status(), 405, "{header}");
    }
}
