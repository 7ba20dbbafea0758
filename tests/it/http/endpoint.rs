//! Invalid HTTP requests to the GraphQL endpoint.

use pledge4future_auth::config;
use reqwest::Method;
use reqwest::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::support::rejection::{ME, assert_unchanged, post, rejection};
use crate::support::server::TestServer;

#[tokio::test]
async fn a_body_that_is_not_a_request_is_refused() {
    let server = TestServer::start("").await;
    let me = json!(ME);
    let cases: [(&[u8], u16, &str); 15] = [
        (b"", 400, "POST body sent invalid JSON."),
        (b"{", 400, "POST body sent invalid JSON."),
        (b"{\"query\": \"\xff\"}", 400, "POST body sent invalid JSON."),
        (
            br#"{"query": "{ me { email } }", "variables": {"a": "\ud800"}}"#,
            400,
            "POST body sent invalid JSON.",
        ),
        (br#"{"query": "{ me { email } }", "variables": {"a": 1e999}}"#, 400, "POST body sent invalid JSON."),
        (b"query=%7Bme%7D", 400, "POST body sent invalid JSON."),
        (b"[]", 400, "The received data is not a valid JSON query."),
        (b"[\"{ me { email } }\"]", 400, "The received data is not a valid JSON query."),
        (b"[\"{ me { email } }\", null, null, null]", 400, "The received data is not a valid JSON query."),
        (b"null", 400, "The received data is not a valid JSON query."),
        (b"\"{ me { email } }\"", 400, "The received data is not a valid JSON query."),
        (b"{}", 400, "Must provide query string."),
        (b"{\"query\": null}", 400, "Must provide query string."),
        (b"{\"query\": 7}", 400, "Must provide query string."),
        (b"{\"query\": \"\"}", 400, "Must provide query string."),
    ];
    for (body, status, sentence) in cases {
        let rejected = rejection(post(&server, body)).await;
        assert_eq!(rejected, (status, sentence.to_owned()), "{}", String::from_utf8_lossy(body));
    }
    let batch = json!([{ "query": me }, { "query": me }]).to_string();
    assert_eq!(rejection(post(&server, batch)).await.0, 400);
    for variables in [json!([]), json!(7), json!("nonsense"), json!("[]")] {
        let body = json!({ "query": me, "variables": variables }).to_string();
        let (status, sentence) = rejection(post(&server, body)).await;
        assert_eq!((status, sentence.as_str()), (400, "Variables are invalid JSON."), "{variables}");
    }
    let deep = format!("{{\"query\": {me}, \"variables\": {{\"a\": {}}}}}", "[".repeat(30_000));
    assert_eq!(rejection(post(&server, deep)).await.0, 400);
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn replies_escape_characters_as_python_does() {
    let server = TestServer::start("").await;
    let body = json!({ "query": ME, "operationName": "é\u{7f}\u{1f600}\u{1b}\t~" }).to_string();
    let reply = post(&server, body).send().await.expect("a reply").text().await.expect("text");
    assert!(reply.contains(r"\u00e9\u007f\ud83d\ude00\u001b\t~"), "{reply}");
}

#[tokio::test]
async fn only_json_is_accepted() {
    let server = TestServer::start("").await;
    let body = json!({ "query": ME }).to_string();
    let cases = [
        ("text/plain", 400),
        ("text/html", 400),
        ("nonsense", 400),
        ("", 400),
        ("application/graphql", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
    ];
    for (content_type, status) in cases {
        let request = server.raw(Method::POST, "/graphql").header(CONTENT_TYPE, content_type);
        let (actual, _) = rejection(request.body(body.clone())).await;
        assert_eq!(actual, status, "{content_type}");
    }
    assert_eq!(rejection(server.raw(Method::POST, "/graphql").body(body.clone())).await.0, 400);
    for content_type in ["Application/JSON; charset=utf-8", "application/json; charset"] {
        let request = server.raw(Method::POST, "/graphql").header(CONTENT_TYPE, content_type);
        assert_eq!(request.body(body.clone()).send().await.expect("a reply").status(), 200);
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn other_methods_and_paths_execute_nothing() {
    let server = TestServer::start("").await;
    let body = json!({ "query": ME }).to_string();
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = server.raw(method.clone(), "/graphql?query={me{email}}");
        let request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        let again = request.try_clone().expect("a request without a stream");
        let (status, _) = rejection(request).await;
        assert_eq!(status, 405, "{method}");
        let reply = again.send().await.expect("a reply");
        let allowed = reply.headers()[ALLOW].to_str().expect("a list of methods");
        assert!(allowed.split(", ").any(|allowed| allowed == "POST"), "{method}: {allowed}");
        assert!(!allowed.contains(method.as_str()), "{method} is refused and listed as allowed: {allowed}");
    }
    for path in ["/nowhere", "/graphql/more", "//graphql"] {
        assert_eq!(rejection(server.raw(Method::POST, path).body(body.clone())).await.0, 404, "{path}");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn the_size_of_a_body_is_limited() {
    let server = TestServer::start("").await;
    let settings = config::load_text("").expect("the defaults are good settings").config;
    let most = settings.graphql.max_body.as_u64().try_into().expect("a size in memory");
    let of_size = |size: usize| {
        let start = json!({ "query": ME, "more": "" }).to_string();
        start.replace(":\"\"", &format!(":\"{}\"", "x".repeat(size - start.len())))
    };
    let reply = post(&server, of_size(most)).send().await.expect("a reply");
    assert_eq!(reply.status(), 200);
    for size in [most + 1, 10_000_000] {
        let (status, sentence) = rejection(post(&server, of_size(size))).await;
        assert_eq!(status, 413);
        assert!(sentence.contains(&most.to_string()), "{sentence}");
    }
    assert_unchanged(&server).await;
}

#[tokio::test]
async fn an_invalid_authorization_header_is_ignored() {
    let server = TestServer::start("").await;
    let long = format!("JWT {}", "a".repeat(8192));
    let odd: [&[u8]; 9] = [
        b"",
        b"JWT",
        b"JWT  ",
        b"JWT \xff\xfe",
        b"J\xc3\xb6rg x",
        b"Basic YWRhOmFkYQ==",
        b"Bearer a b c",
        b"JWT ..",
        long.as_bytes(),
    ];
    for header in odd {
        let value = HeaderValue::from_bytes(header).expect("a header that can be sent");
        let request = post(&server, json!({ "query": ME }).to_string()).header(AUTHORIZATION, value);
        let reply = request.send().await.expect("a reply");
        assert_eq!(reply.status(), 200);
        let body: Value = reply.json().await.expect("a reply in JSON");
        assert_eq!(body, json!({ "data": { "me": null } }), "{}", String::from_utf8_lossy(header));
    }
    assert_unchanged(&server).await;
}
