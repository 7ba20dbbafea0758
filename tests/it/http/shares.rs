//! The share of one client in running requests and unread replies.

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::program::Site;
use crate::support::server::TestServer;

use super::listener::{connect, read_to_end};

/// Requests all institutions five times as a client behind the proxy, on an HTTP/2 connection that does not read replies.
async fn request_all(
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
    answer.await.expect("a reply")
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
        let answer = request_all(&mut sender, &server, "203.0.113.7").await;
        if answer.status() != 200 {
            break answer;
        }
        unread.push(answer);
        assert!(unread.len() < 20, "the server accepts requests without limit");
    };
    assert!(unread.len() > 1, "the first unread reply blocks the second");
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");

    // Small replies and other clients are not affected.
    let me = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", "203.0.113.7");
    let me = me.json(&json!({ "query": "{ me { email } }" })).send().await.expect("a reply");
    assert_eq!(me.status(), 200);
    assert_eq!(request_all(&mut sender, &server, "203.0.113.8").await.status(), 200);

    drop(unread);
    let mut again = 503;
    while again == 503 {
        again = request_all(&mut sender, &server, "203.0.113.7").await.status().as_u16();
    }
    assert_eq!(again, 200);
}

#[tokio::test]
async fn concurrent_requests_are_limited_for_each_client() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    let ask = async |client: &str| {
        let request = server.raw(Method::POST, "/graphql").header("X-Forwarded-For", client);
        request.json(&json!({ "query": "{ me { email } }" })).send().await.expect("a reply")
    };
    // The bodies are never sent.
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         X-Forwarded-For: 203.0.113.7\r\nContent-Length: 99\r\n\r\n{";
    let mut connections = Vec::new();
    let refused = loop {
        connections.push(connect(&server, head).await);
        let answer = ask("203.0.113.7").await;
        if answer.status() != 200 {
            break answer;
        }
        assert!(connections.len() < 300, "the server accepts requests without limit");
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "5");
    assert!(connections.len() > 200, "only {} were accepted", connections.len());
    assert_eq!(ask("203.0.113.8").await.status(), 200);
    let ready = server.raw(Method::GET, "/readyz").header("X-Forwarded-For", "203.0.113.7").send().await;
    assert_eq!(ready.expect("a reply").status(), 200);

    drop(connections);
    let mut again = 503;
    while again == 503 {
        again = ask("203.0.113.7").await.status().as_u16();
    }
    assert_eq!(again, 200);
}

/// Requests an image on an HTTP/2 connection that does not read replies.
async fn request_image(
    sender: &h2::client::SendRequest<bytes::Bytes>,
    address: &str,
) -> http::Response<h2::RecvStream> {
    let request = http::Request::get(address).body(()).expect("a request");
    let mut ready = sender.clone().ready().await.expect("a connection");
    let (answer, _) = ready.send_request(request, true).expect("a stream");
    answer.await.expect("a reply")
}

#[tokio::test]
async fn unread_images_are_not_copied_in_memory() {
    let settings = "metrics.enabled = true\npages.branding.logo = \"logo.svg\"\n";
    let site = Site::with_settings(settings);
    site.write("logo.svg", vec![b' '; 256 * 1024]);
    let server = site.serve();
    let page = Client::new().get(server.address()).header("Accept", "text/html").send().await;
    let page = page.expect("a reply").text().await.expect("a page");
    let (_, image) = page.split_once("<img src=\"").expect("an image");
    let (image, _) = image.split_once('"').expect("an address");
    let image = format!("{}{image}", server.address());
    let memory = async || -> f64 {
        let counted = reqwest::get(format!("{}/metrics", server.address())).await.expect("a reply");
        let counted = counted.text().await.expect("a string");
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
            let answer = request_image(&sender, &image).await;
            assert_eq!(answer.status(), 200);
            unread.push(answer);
        }
    }
    // Copies would take 80 MiB.
    let taken = memory().await - before;
    assert!(taken < f64::from(40 << 20), "{taken} bytes for {} answers", unread.len());
}

#[tokio::test]
async fn a_busy_server_shows_browsers_a_page() {
    let server = TestServer::start("http.trusted_proxies = [\"127.0.0.1\"]\n").await;
    // The bodies are never sent.
    let head = "POST /password-reset HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\
         X-Forwarded-For: 203.0.113.7\r\nContent-Length: 99\r\n\r\n";
    let mut connections = Vec::new();
    for _ in 0..256 {
        connections.push(connect(&server, head).await);
    }
    let form = server.raw(Method::POST, "/password-reset").header("X-Forwarded-For", "203.0.113.7");
    let refused = form.header("Accept", "text/html").send().await.expect("a reply");
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"5".parse().expect("5"))
    );
    let page = refused.text().await.expect("a page");
    assert!(page.contains("<h1>Not at the moment</h1>"), "{page}");

    tokio::time::pause();
    let late = read_to_end(connections.pop().expect("a connection")).await;
    assert!(late.starts_with("HTTP/1.1 503 ") && late.contains("retry-after: 5"), "{late}");
    assert!(late.contains("<h1>This took too long</h1>"), "{late}");
}
