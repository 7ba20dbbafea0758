//! Limits of connections: their number, slow clients and the login queue.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::mutation::log_in;
use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::server::TestServer;

pub(super) async fn connect(server: &TestServer, text: &str) -> TcpStream {
    let address = server.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("a write");
    // After the reply to another request, the text has arrived.
    server.query(None, "{ me { email } }").await;
    stream
}

pub(super) async fn read_to_end(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // The server may reset the connection.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).expect("a string")
}

#[tokio::test]
async fn a_missing_body_times_out() {
    let server = TestServer::start("").await;
    let head =
        "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    let stream = connect(&server, head).await;
    // The paused clock advances while the test waits.
    tokio::time::pause();
    let answer = read_to_end(stream).await;
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
    // Each byte would reset an idle timeout.
    while !ended && began.elapsed() < Duration::from_mins(10) {
        tokio::time::sleep(Duration::from_secs(20)).await;
        ended = stream.write_all(b"X").await.is_err() || stream.try_read(&mut [0; 64]).is_ok();
    }
    assert!(ended, "the connection is still open");
    assert_eq!(read_to_end(stream).await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected() {
    let server = TestServer::start("").await;
    let ask = "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n".repeat(5000);
    let address = server.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    tokio::time::pause();
    // Unread replies fill the buffers until the server times out.
    let written = stream.write_all(ask.repeat(20).as_bytes()).await;
    assert!(written.is_err(), "the server read all requests");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let server = TestServer::start("http.max_connections = 3\n").await;
    let two = [connect(&server, "").await, connect(&server, "").await];
    let address = server.url("").replace("http://", "");
    // The HTTP client of the test has the third connection.
    let mut fourth = TcpStream::connect(address).await.expect("the kernel accepts the connection");
    fourth
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .expect("a write");
    server.query(None, "{ me { email } }").await;
    assert!(fourth.try_read(&mut [0; 8]).is_err(), "the server replied");
    drop(two);
    assert!(read_to_end(fourth).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn connections_are_limited_for_each_client_but_not_for_trusted_proxies() {
    let bound = "metrics.enabled = true\nhttp.max_connections_per_client = 3\n";
    let server = TestServer::start(bound).await;
    // The HTTP client of the test has the third connection.
    let [one, _other] = [connect(&server, "").await, connect(&server, "").await];
    assert_eq!(read_to_end(connect(&server, "").await).await, "", "the connection was kept");
    let counted = server.raw(Method::GET, "/metrics").send().await.expect("a reply");
    let counted = counted.text().await.expect("a string");
    assert!(counted.contains("p4f_auth_connections_refused_total 1"), "{counted}");
    drop(one);
    let mut gone = false;
    while !gone {
        let counted = server.raw(Method::GET, "/metrics").send().await.expect("a reply");
        gone = counted.text().await.expect("a string").contains("p4f_auth_connections 2");
    }
    let ask = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(read_to_end(connect(&server, ask).await).await.starts_with("HTTP/1.1 200 "));

    let behind = TestServer::start(&format!("{bound}http.trusted_proxies = [\"127.0.0.1\"]\n")).await;
    let mut crowd = Vec::new();
    for _ in 0..5 {
        crowd.push(connect(&behind, "").await);
    }
    assert!(read_to_end(connect(&behind, ask).await).await.starts_with("HTTP/1.1 200 "));
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
        let reply = reply.expect("a reply");
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
