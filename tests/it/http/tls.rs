//! HTTPS without a proxy. The tests use several threads, so that a client notices when its server stops.

use std::net::TcpStream;

use reqwest::{Client, StatusCode, Version};
use serde_json::{Value, json};

use crate::support::certificate::Certificate;
use crate::support::program::{Outcome, Serving, Site};

const FILES: &str = "[http.tls]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n";

fn install(site: &Site, certificate: &Certificate) {
    site.write("certificate.pem", &certificate.certificate);
    site.write("key.pem", &certificate.key);
}

fn site(certificate: &Certificate) -> Site {
    let site = Site::with_settings(FILES);
    install(&site, certificate);
    site
}

async fn me(client: &Client, server: &Serving) -> reqwest::Result<Value> {
    let request = client.post(server.endpoint()).json(&json!({ "query": "{ me { email } }" }));
    request.send().await?.json().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_replies_only_over_tls() {
    let certificate = Certificate::new();
    let site = site(&certificate);
    let server = site.serve();
    assert!(server.address().starts_with("https://"), "{}", server.greeting());
    let reply = certificate.client().get(format!("{}/healthz", server.address())).send().await;
    let reply = reply.expect("a reply");
    assert_eq!((reply.status(), reply.version()), (StatusCode::OK, Version::HTTP_2));
    assert_eq!(reply.headers()["strict-transport-security"], "max-age=31536000");
    assert_eq!(me(&certificate.client(), &server).await.expect("a reply")["data"]["me"], Value::Null);

    let stranger = Certificate::new().client();
    me(&stranger, &server).await.expect_err("a client that does not trust the certificate");
    let plain = server.endpoint().replace("https://", "http://");
    Client::new().get(plain).send().await.expect_err("an answer in clear");
    assert_eq!(server.terminate().status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_do_not_block_others() {
    let certificate = Certificate::new();
    let site = site(&certificate);
    let server = site.serve();
    let address = server.address().trim_start_matches("https://");
    let silent: Vec<_> = (0..50).map(|_| TcpStream::connect(address).expect("a connection")).collect();
    me(&certificate.client(), &server).await.expect("a reply");
    drop(silent);
    assert_eq!(server.terminate().status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_uses_a_renewed_certificate_and_ignores_a_broken_one() {
    let old = Certificate::new();
    let site = site(&old);
    let server = site.serve();
    let connected = old.client();
    me(&connected, &server).await.expect("a reply");

    let renewed = Certificate::new();
    install(&site, &renewed);
    assert!(server.reload().contains("were reloaded"));
    me(&renewed.client(), &server).await.expect("a reply");
    me(&old.client(), &server).await.expect_err("the old certificate");
    me(&connected, &server).await.expect("an existing connection stays open");

    site.write("key.pem", &old.key);
    let message = server.reload();
    assert!(message.contains("http.tls.key: the key does not match the certificate"), "{message}");
    me(&renewed.client(), &server).await.expect("a reply");
    assert_eq!(server.terminate().status, Some(0));
}

#[test]
fn healthcheck_uses_tls_if_the_server_does() {
    let certificate = Certificate::new();
    let site = site(&certificate);
    let server = site.serve();
    let address = server.address().trim_start_matches("https://");
    let healthcheck = || site.run_with([("P4F_AUTH_LISTEN", address)], ["healthcheck"]);
    assert_eq!(healthcheck().done(), "ready\n");
    let address = address.to_owned();
    assert_eq!(server.terminate().status, Some(0));
    let refused = site.run_with([("P4F_AUTH_LISTEN", address.as_str())], ["healthcheck"]).refused(1);
    assert!(refused.contains(&address), "{refused}");
}

#[test]
fn unusable_certificates_are_refused_with_a_message() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let whole =
        [("certificate.pem", certificate.certificate.as_str()), ("key.pem", certificate.key.as_str())];
    let cases = [
        ([whole[0], ("other", "")], "http.tls.key: key.pem cannot be read"),
        ([whole[1], ("other", "")], "http.tls.certificate: certificate.pem cannot be read"),
        ([whole[0], ("key.pem", &certificate.certificate)], "http.tls.key: key.pem contains no key in PEM"),
        ([("certificate.pem", &certificate.key), whole[1]], "contains no certificate in PEM"),
        ([whole[0], ("key.pem", &other.key)], "the key does not match the certificate"),
    ];
    for (files, message) in cases {
        let site = Site::with_settings(FILES);
        for (name, text) in files {
            site.write(name, text);
        }
        for command in ["serve", "check-config"] {
            let refused = site.run([command]).refused(2);
            assert!(refused.contains(message), "{message}: {refused}");
            assert!(!refused.contains("BEGIN"), "{refused}");
        }
    }
    for (settings, message) in [
        ("certificate = \"a.pem\"", "certificate and key belong together"),
        ("acme = \"127.0.0.1\"", "is not a host name"),
        ("acme = \"https://a.example.org\"", "is not a host name"),
        ("certificate = \"a.pem\"\nkey = \"b.pem\"\nacme = \"a.example.org\"", "remove one of them"),
        ("acme = \"a.example.org\"\nacme_directory = \"http://a.example.org\"", "begins with https://"),
        (
            "acme = \"a.example.org\"\nacme_ca_file = \"ca.pem\"",
            "http.tls.acme_ca_file: ca.pem cannot be read",
        ),
    ] {
        let refused = Site::with_settings(&format!("[http.tls]\n{settings}\n")).run(["serve"]).refused(2);
        assert!(refused.contains(message), "{message}: {refused}");
    }
}

#[test]
fn a_server_runs_without_its_certificate_authority() {
    // A closed port.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let directory = format!("https://{}/directory", closed.expect("an address"));
    let settings = format!("[http.tls]\nacme = \"a.example.org\"\nacme_directory = {directory:?}\n");
    let site = Site::with_settings(&settings);
    let server = site.serve();
    server.wait_for("cannot get a new certificate for a.example.org, will try again");
    let Outcome { status, stderr, .. } = server.terminate();
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(site.mode("data/acme"), 0o700);
}
