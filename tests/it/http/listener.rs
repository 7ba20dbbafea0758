//! Too many, too slow, from elsewhere: what connections and browsers may do.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::mutation::log_in;
use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::program::Site;
use crate::support::server::TestServer;

const SITE: &str = "https://www.example.org";

async fn connect(server: &TestServer, text: &str) -> TcpStream {
    let address = server.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("a write");
    // What was sent has arrived once somebody else was answered.
    server.query(None, "{ me { email } }").await;
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // The other side may end it in any way.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).expect("a text")
}

#[tokio::test]
async fn a_missing_body_times_out() {
    let server = TestServer::start("").await;
    let head =
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    let stream = connect(&server, head).await;
    // Time goes by where nothing else happens.
    tokio::time::pause();
    let answer = rest(stream).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 5") && answer.contains("This took too long."), "{answer}");
    assert!(answer.contains("cache-control: no-store") && answer.contains("nosniff"), "{answer}");
}

#[tokio::test]
async fn a_slow_request_head_is_disconnected() {
    let server = TestServer::start("").await;
    let mut stream = connect(&server, "POST /graphql HTTP/1.1\r\nHost: a\r\n").await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let mut ended = false;
    // Each byte would keep an idle connection open.
    while !ended && began.elapsed() < Duration::from_mins(10) {
        tokio::time::sleep(Duration::from_secs(20)).await;
        ended = stream.write_all(b"X").await.is_err() || stream.try_read(&mut [0; 64]).is_ok();
    }
    assert!(ended, "it is still open");
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let server = TestServer::start("").await;
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n".repeat(5000);
    let address = server.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    tokio::time::pause();
    // Answers fill the pipe, so requests do as well, until the server has had enough.
    let written = stream.write_all(ask.repeat(20).as_bytes()).await;
    assert!(written.is_err(), "all of it was taken");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let server = TestServer::start("http.max_connections = 3\n").await;
    let two = [connect(&server, "").await, connect(&server, "").await];
    let address = server.url("").replace("http://", "");
    // The client of the server has the third.
    let mut fourth = TcpStream::connect(address).await.expect("the system takes it");
    fourth
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .expect("a write");
    server.query(None, "{ me { email } }").await;
    assert!(fourth.try_read(&mut [0; 8]).is_err(), "it was answered");
    drop(two);
    assert!(rest(fourth).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn connections_are_limited_for_each_client_but_not_for_trusted_proxies() {
    let bound = "metrics.enabled = true\nhttp.max_connections_per_client = 3\n";
    let server = TestServer::start(bound).await;
    // The client of the server has the third.
    let [one, _other] = [connect(&server, "").await, connect(&server, "").await];
    assert_eq!(rest(connect(&server, "").await).await, "", "it was kept");
    let counted = server.raw(Method::GET, "/metrics").send().await.expect("an answer");
    let counted = counted.text().await.expect("a text");
    assert!(counted.contains("p4f_auth_connections_refused_total 1"), "{counted}");
    drop(one);
    let mut gone = false;
    while !gone {
        let counted = server.raw(Method::GET, "/metrics").send().await.expect("an answer");
        gone = counted.text().await.expect("a text").contains("p4f_auth_connections 2");
    }
    let ask = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(rest(connect(&server, ask).await).await.starts_with("HTTP/1.1 200 "));

    let behind = TestServer::start(&format!("{bound}http.trusted_proxies = [\"127.0.0.1\"]\n")).await;
    let mut crowd = Vec::new();
    for _ in 0..5 {
        crowd.push(connect(&behind, "").await);
    }
    assert!(rest(connect(&behind, ask).await).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn logins_beyond_the_queue_are_refused_and_other_requests_succeed() {
    let settings = "limits.enabled = false\npasswords.hashing_threads = 1\npasswords.memory = \"19 MiB\"\n";
    let server = TestServer::start(settings).await;
    let ada = server.sign_up("ada").await;
    let log_in = log_in(&ada.email, OTHER_PASSWORD).body();
    let send = || server.graphql(&log_in).send();
    let crowd = join_all((0..80).map(|_| send()));
    let (replies, me) = tokio::join!(crowd, ada.me(&server));
    assert_eq!(me["username"], "ada");
    let mut refused = 0;
    for reply in replies {
        let reply = reply.expect("an answer");
        if reply.status() == 503 {
            assert_eq!(reply.headers()["retry-after"], "5");
            let body: Value = reply.json().await.expect("JSON");
            let sentence = "The server is busy. Please try again in a few seconds.";
            assert_eq!(body["errors"][0]["message"], sentence);
            refused += 1;
        } else {
            assert_eq!(reply.status(), 200);
        }
    }
    assert!((1..80).contains(&refused), "{refused} of 80");
    server.log_in(&ada.email, PASSWORD).await;
}

async fn asks_from(server: &TestServer, origin: &str, method: Method) -> reqwest::Response {
    let request = server.raw(method, "/graphql").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    request.json(&json!({ "query": "{ me { email } }" })).send().await.expect("an answer")
}

#[tokio::test]
async fn only_origins_in_the_settings_may_use_the_api() {
    let closed = TestServer::start("").await;
    let open = TestServer::start(&format!("http.cors_origins = [{SITE:?}]\n")).await;
    for (server, origin) in [(&closed, SITE), (&open, "https://www.example.com"), (&open, "null")] {
        let asked = asks_from(server, origin, Method::OPTIONS).await;
        assert_eq!(asked.status(), 403, "{origin}");
        let posted = asks_from(server, origin, Method::POST).await;
        assert_eq!(posted.status(), 200, "{origin}");
        for reply in [&asked, &posted] {
            assert!(!reply.headers().contains_key("access-control-allow-origin"), "{origin}");
        }
        let body: Value = asked.json().await.expect("JSON");
        let message = body["errors"][0]["message"].as_str().expect("a sentence");
        assert!(message.contains("http.cors_origins"), "{message}");
    }
    let asked = asks_from(&open, SITE, Method::OPTIONS).await;
    assert_eq!(asked.status(), 204);
    assert_eq!(asked.headers()["access-control-allow-headers"], "Authorization, Content-Type");
    let reply = asks_from(&open, SITE, Method::POST).await;
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
        assert_eq!(request.send().await.expect("an answer").status(), 405, "{header}");
    }
}

#[tokio::test]
async fn every_reply_has_security_headers() {
    let server = TestServer::start("").await;
    for (path, kind) in
        [("/graphql", "text/html"), ("/", "text/html"), ("/nowhere", "*/*"), ("/healthz", "*/*")]
    {
        let reply =
            Client::new().get(server.url(path)).header("Accept", kind).send().await.expect("an answer");
        let headers = reply.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        let policy = headers["content-security-policy"].to_str().expect("a text");
        assert!(
            policy.starts_with("default-src ") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
    let reply = server.raw(Method::POST, "/graphql").json(&json!({ "query": "{ me { email } }" }));
    assert_eq!(reply.send().await.expect("an answer").headers()["cache-control"], "no-store");
}

/// Asks for all institutions, five times each, as the client of a proxy, over a connection of HTTP/2 on which answers
/// are not read.
async fn ask_for_all(
    sender: &mut h2::client::SendRequest<bytes::Bytes>,
    server: &TestServer,
    client: &str,
) -> http::Response<h2::RecvStream> {
    let lists: String = (0..5).map(|n| format!("a{n}: institutions {{ name city country }} ")).collect();
    let body = json!({ "query": format!("{{ {lists} }}") }).to_string();
    let request = http::Request::post(server.url("/graphql"))
        .header("Content-Type", "application/json")
        .header("X-Forwarded-For", client)
        .body(())
        .expect("a request");
    let mut ready = sender.clone().ready().await.expect("a connection");
    let (answer, mut stream) = ready.send_request(request, false).expect("a stream");
    stream.send_data(body.into(), true).expect("a body");
    answer.await.expect("an answer")
}

#[tokio::test]
async fn a_client_with_unread_large_replies_gets_no_more() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    let institutions: Vec<Value> = (0..3000)
        .map(|n| {
            let id = format!("00000000-0000-4000-8000-{n:012}");
            let (name, place) = (format!("{n:0>200}"), "a".repeat(100));
            json!({ "id": id, "name": name, "city": place, "country": place })
        })
        .collect();
    server.import(&json!({ "institutions": institutions }).to_string());

    let address = server.url("").replace("http://", "");
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (mut sender, connection) = h2::client::Builder::new()
        .initial_window_size(0)
        .handshake(stream)
        .await
        .expect("a connection of HTTP/2");
    tokio::spawn(connection);
    let mut unread = Vec::new();
    let refused = loop {
        let answer = ask_for_all(&mut sender, &server, "203.0.113.7").await;
        if answer.status() != 200 {
            break answer;
        }
        unread.push(answer);
        assert!(unread.len() < 20, "they are taken without end");
    };
    assert!(unread.len() > 1, "a second answer may wait");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");

    // Small answers still come, and others are not concerned.
    let me = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", "203.0.113.7");
    let me = me.json(&json!({ "query": "{ me { email } }" })).send().await.expect("an answer");
    assert_eq!(me.status(), 200);
    assert_eq!(ask_for_all(&mut sender, &server, "203.0.113.8").await.status(), 200);

    drop(unread);
    let mut again = 503;
    while again == 503 {
        again = ask_for_all(&mut sender, &server, "203.0.113.7").await.status().as_u16();
    }
    assert_eq!(again, 200);
}

#[tokio::test]
async fn concurrent_requests_are_limited_for_each_client() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    let ask = async |client: &str| {
        let request = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", client);
        request.json(&json!({ "query": "{ me { email } }" })).send().await.expect("an answer")
    };
    // Their bodies never come.
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         X-Forwarded-For: 203.0.113.7\r\nContent-Length: 99\r\n\r\n{";
    let mut crowd = Vec::new();
    let refused = loop {
        crowd.push(connect(&server, head).await);
        let answer = ask("203.0.113.7").await;
        if answer.status() != 200 {
            break answer;
        }
        assert!(crowd.len() < 300, "they are taken without end");
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert!(crowd.len() > 200, "{} are too few", crowd.len());
    assert_eq!(ask("203.0.113.8").await.status(), 200);
    let ready = server.raw(Method::GET, "/readyz").header("X-Forwarded-For", "203.0.113.7").send().await;
    assert_eq!(ready.expect("an answer").status(), 200);

    drop(crowd);
    let mut again = 503;
    while again == 503 {
        again = ask("203.0.113.7").await.status().as_u16();
    }
    assert_eq!(again, 200);
}

/// Asks for a picture over a connection of HTTP/2 on which answers are not read.
async fn ask_for_picture(
    sender: &h2::client::SendRequest<bytes::Bytes>,
    address: &str,
) -> http::Response<h2::RecvStream> {
    let request = http::Request::get(address).body(()).expect("a request");
    let mut ready = sender.clone().ready().await.expect("a connection");
    let (answer, _) = ready.send_request(request, true).expect("a stream");
    answer.await.expect("an answer")
}

#[tokio::test]
async fn unread_images_are_not_copied_in_memory() {
    let settings = "metrics.enabled = true\npages.branding.logo = \"logo.svg\"\n";
    let site = Site::with_settings(settings);
    site.write("logo.svg", vec![b' '; 256 * 1024]);
    let server = site.serve();
    let page = Client::new().get(server.address()).header("Accept", "text/html").send().await;
    let page = page.expect("an answer").text().await.expect("a page");
    let (_, picture) = page.split_once("<img src=\"").expect("a picture");
    let (picture, _) = picture.split_once('"').expect("an address");
    let picture = format!("{}{picture}", server.address());
    let memory = async || -> f64 {
        let counted = reqwest::get(format!("{}/metrics", server.address())).await.expect("an answer");
        let counted = counted.text().await.expect("a text");
        let line = counted.lines().find(|line| line.starts_with("p4f_auth_memory_bytes "));
        let (_, bytes) = line.expect("a count").split_once(' ').expect("a number");
        bytes.parse().expect("a number")
    };
    let before = memory().await;
    let mut unread = Vec::new();
    for _ in 0..16 {
        let stream = TcpStream::connect(server.address().trim_start_matches("http://")).await;
        let (sender, connection) = h2::client::Builder::new()
            .initial_window_size(0)
            .handshake(stream.expect("a connection"))
            .await
            .expect("a connection of HTTP/2");
        tokio::spawn(connection);
        for _ in 0..20 {
            let answer = ask_for_picture(&sender, &picture).await;
            assert_eq!(answer.status(), 200);
            unread.push(answer);
        }
    }
    // They would be 80 MiB if each were a copy.
    let taken = memory().await - before;
    assert!(taken < f64::from(40 << 20), "{taken} bytes for {} answers", unread.len());
}

#[tokio::test]
async fn a_busy_server_shows_browsers_a_page() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    // Their bodies never come.
    let head = "POST /password-reset HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\
         X-Forwarded-For: 203.0.113.7\r\nContent-Length: 99\r\n\r\n";
    let mut crowd = Vec::new();
    for _ in 0..256 {
        crowd.push(connect(&server, head).await);
    }
    let form = server.raw(Method::POST, "/password-reset").header("X-Forwarded-For", "203.0.113.7");
    let refused = form.header("Accept", "text/html").send().await.expect("an answer");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"5".parse().expect("5"))
    );
    let page = refused.text().await.expect("a page");
    assert!(page.contains("<h1>Not at the moment</h1>"), "{page}");

    tokio::time::pause();
    let late = rest(crowd.pop().expect("a connection")).await;
    assert!(late.starts_with("HTTP/1.1 503 ") && late.contains("retry-after: 5"), "{late}");
    assert!(late.contains("<h1>This took too long</h1>"), "{late}");
}
