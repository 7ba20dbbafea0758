//! The address of the client behind proxies, as `sessions` shows it.

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{QUIET, sessions};
use crate::support::mutation::log_in;
use crate::support::person::{PASSWORD, assert_done};
use crate::support::server::{TestServer, payload_of};

/// Returns the address that is recorded for a login with these headers.
async fn address(server: &TestServer, headers: &[(&str, &str)]) -> Value {
    let request =
        headers.iter().fold(request(server), |request, (name, value)| request.header(*name, *value));
    address_of(server, request).await
}

fn request(server: &TestServer) -> RequestBuilder {
    server.graphql(&log_in("ada@example.org", PASSWORD).select("success errors token").body())
}

async fn address_of(server: &TestServer, request: RequestBuilder) -> Value {
    let payload = payload_of(request).await;
    assert_done(&payload);
    let listed = sessions(server, payload["token"].as_str().expect("a token")).await;
    listed.iter().find(|session| session["current"] == true).expect("a session")["address"].clone()
}

async fn start_behind(proxies: &str) -> TestServer {
    let server = TestServer::start(&format!("http.trusted_proxies = {proxies}\n{QUIET}")).await;
    server.register_verified("ada").await;
    server
}

#[tokio::test]
async fn forwarding_headers_of_untrusted_clients_are_ignored() {
    for proxies in ["[]", "[\"10.0.0.0/8\", \"::1\"]"] {
        let server = start_behind(proxies).await;
        for header in [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7")] {
            assert_eq!(address(&server, &[header]).await, "127.0.0.1", "{proxies} {header:?}");
        }
    }
}

#[tokio::test]
async fn x_forwarded_for_is_read_from_the_right_through_trusted_proxies() {
    let server = start_behind("[\"127.0.0.1\", \"10.0.0.0/8\", \"2001:db8:ffff::/48\"]").await;
    for (line, expected) in [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("203.0.113.7,2001:db8:ffff::9 ,10.1.2.3", "203.0.113.7"),
        ("10.9.9.9, 10.1.2.3", "10.9.9.9"),
        ("2001:DB8::7", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, ::ffff:10.1.2.3", "198.51.100.1"),
        ("198.51.100.1, nobody, 10.1.2.3", "10.1.2.3"),
        ("198.51.100.1, ", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("", "127.0.0.1"),
    ] {
        assert_eq!(address(&server, &[("X-Forwarded-For", line)]).await, expected, "{line}");
    }
    let spoiled = request(&server).header("X-Forwarded-For", &b"\xff, 203.0.113.7"[..]);
    assert_eq!(
        address_of(&server, spoiled).await,
        "203.0.113.7",
        "invalid bytes of a client hide the address of the proxy"
    );
    let lines = [("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.7, 10.1.2.3")];
    assert_eq!(address(&server, &lines).await, "203.0.113.7", "the lines are one list");
}

#[tokio::test]
async fn forwarded_is_read_like_x_forwarded_for() {
    let server = start_behind("[\"127.0.0.1\", \"10.0.0.0/8\", \"2001:db8:ffff::/48\"]").await;
    for (line, expected) in [
        ("for=203.0.113.7", "203.0.113.7"),
        ("For=\"203.0.113.7:4711\";proto=https", "203.0.113.7"),
        ("for=\"[2001:db8::7]\"", "2001:db8::7"),
        ("by=10.0.0.1;for=\"[2001:db8::7]:4711\" ; host=a.example", "2001:db8::7"),
        ("for=198.51.100.1, for=203.0.113.7;by=10.0.0.1,for=\"[2001:db8:ffff::9]\"", "203.0.113.7"),
        ("for=198.51.100.1, for=unknown, for=10.1.2.3", "10.1.2.3"),
        ("for=198.51.100.1, for=_hidden", "127.0.0.1"),
        ("for=198.51.100.1, proto=https", "127.0.0.1"),
        ("for=198.51.100.1, for=\"_x\\\"y, for=1.1.1.1\"", "127.0.0.1"),
        // A client opens a quotation that the text of the proxy would close.
        ("for=198.51.100.1;x=\", for=\"[2001:db8::7]\"", "127.0.0.1"),
        ("for=198.51.100.1;x=\", for=203.0.113.7", "127.0.0.1"),
        ("203.0.113.7", "127.0.0.1"),
    ] {
        assert_eq!(address(&server, &[("Forwarded", line)]).await, expected, "{line}");
    }
    let lines = [("Forwarded", "for=\"198.51.100.1"), ("Forwarded", "for=203.0.113.7")];
    assert_eq!(address(&server, &lines).await, "203.0.113.7", "each line is parsed separately");
}

#[tokio::test]
async fn forwarding_headers_that_disagree_are_both_ignored() {
    let server = start_behind("[\"127.0.0.1\"]").await;
    let one = ("X-Forwarded-For", "203.0.113.7");
    assert_eq!(address(&server, &[one, ("Forwarded", "for=203.0.113.7")]).await, "203.0.113.7");
    assert_eq!(address(&server, &[one, ("Forwarded", "for=198.51.100.1")]).await, "127.0.0.1");
}
