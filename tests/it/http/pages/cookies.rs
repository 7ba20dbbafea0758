//! The cookies of pages and the sessions behind them.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{COOKIE, HeaderValue, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

/// Logs in. Returns the header that sets the cookie of the session.
async fn cookie_header(server: &TestServer, email: &str) -> String {
    let mut browser = PageBrowser::new(server);
    let page = browser.open("/account/login").await;
    let form = page.form("Log in").with("email", email).with("password", PASSWORD);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let request =
        server.raw(Method::POST, "/account/login").header("Sec-Fetch-Site", "same-origin").body(body);
    let reply = browser.request(request).await;
    assert_eq!(reply.status(), 303);
    reply.headers()[SET_COOKIE].to_str().expect("a string").to_owned()
}

#[tokio::test]
async fn the_cookie_of_a_session_has_all_protecting_attributes() {
    for (settings, start, end) in [
        ("", "p4f=", "; Path=/; HttpOnly; SameSite=Lax"),
        (
            "public_url = \"https://accounts.example.org\"\n",
            "__Host-p4f=",
            "; Path=/; HttpOnly; SameSite=Lax; Secure",
        ),
    ] {
        let server = TestServer::start(settings).await;
        let email = server.register_verified("ada").await;
        let header = cookie_header(&server, &email).await;
        let value = header.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        let value = value.unwrap_or_else(|| panic!("{header}"));
        assert!(value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit()), "{header}");
        assert!(!server.rows().iter().any(|row| row.contains(value)), "the cookie is stored in plain text");
    }
}

#[tokio::test]
async fn the_cookie_never_authenticates_the_api() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let cookie = &browser.cookies["p4f"];
    let query = json!({ "query": "{ me { email } sessions { id } }" });
    for request in [
        server.graphql(&query).header(COOKIE, format!("p4f={cookie}")),
        server.graphql(&query).header(COOKIE, format!("__Host-p4f={cookie}; JWT={cookie}")),
        server.graphql(&query).header("Authorization", format!("JWT {cookie}")),
        server.graphql(&query).header("Authorization", format!("Bearer {cookie}")),
    ] {
        let reply: Value = request.send().await.expect("a reply").json().await.expect("JSON");
        assert_eq!(reply["data"], json!({ "me": null, "sessions": null }), "{reply}");
    }
    let person = server.log_in(&email, PASSWORD).await;
    for token in [&person.token, &person.refresh_token] {
        let reply = server.raw(Method::GET, "/account").header(COOKIE, format!("p4f={token}")).send().await;
        assert_eq!(reply.expect("a reply").status(), 303, "a token of the API authenticates a page");
    }
}

#[tokio::test]
async fn each_login_and_confirmation_replaces_the_cookie() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.cookies.insert("p4f".to_owned(), "f".repeat(64));
    let page = browser.log_in(&email, PASSWORD).await;
    let first = browser.cookies["p4f"].clone();
    assert_ne!(first, "f".repeat(64), "the browser chooses the cookie");

    let confirm = browser.open("/account/confirm?next=/account/emails").await;
    let confirmed = browser.submit(&confirm, "Continue", &[("password", PASSWORD)]).await;
    assert_eq!(confirmed.address, "/account/emails");
    let second = browser.cookies["p4f"].clone();
    assert_ne!(first, second, "the cookie stays after a confirmation");
    let mut thief = PageBrowser::new(&server);
    thief.cookies.insert("p4f".to_owned(), first);
    assert!(thief.open("/account").await.address.starts_with("/account/login"), "the old cookie works");

    // Another login in the same browser ends the session before it.
    browser.submit(&page, "Log out", &[]).await;
    thief.cookies.insert("p4f".to_owned(), second);
    assert!(
        thief.open("/account").await.address.starts_with("/account/login"),
        "the session lasts after the end"
    );
    browser.log_in(&email, PASSWORD).await;
    assert_eq!(server.rows_of("sessions").len(), 1);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_for_a_week() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    for _ in 0..3 {
        server.advance(Duration::from_hours(6 * 24));
        assert_eq!(browser.open("/account").await.address, "/account", "a session ends although it is used");
    }
    server.advance(Duration::from_hours(8 * 24));
    assert!(browser.open("/account").await.address.starts_with("/account/login"));
    server.ignore_mail();
}

#[tokio::test]
async fn what_takes_a_password_needs_one_after_five_minutes() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let page = browser.open("/account/emails").await;
    assert!(!page.says("Your password"), "the page asks for the password right after the login");
    server.advance(Duration::from_mins(6));
    let before = server.rows_of("pending_emails");
    let address = ("email", "ada@example.net");
    let refused = browser.submit(&page, "Send the mail", &[address]).await;
    assert!(refused.status == 422 && refused.says("Please enter your password."), "{}", refused.text());
    let wrong = browser.submit(&refused, "Send the mail", &[address, ("password", "wrong")]).await;
    assert!(wrong.status == 422 && wrong.says("Invalid password."), "{}", wrong.text());
    assert_eq!(server.rows_of("pending_emails"), before);
    let sent = browser.submit(&wrong, "Send the mail", &[address, ("password", PASSWORD)]).await;
    assert!(sent.says("We have mailed a link to this address."), "{}", sent.text());
    assert!(!sent.says("Your password"), "the confirmation does not last");
    server.ignore_mail();
}

#[tokio::test]
async fn a_login_leads_only_to_pages_of_this_server() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    for (next, expected) in [
        ("/account/sessions", "/account/sessions"),
        ("https://evil.example/account", "/account"),
        ("//evil.example/account", "/account"),
        ("/account//evil.example", "/account"),
        ("/\\evil.example", "/account"),
        ("/account\\..\\evil.example", "/account"),
        ("/graphql", "/account"),
        ("/account/../graphql", "/account"),
        ("/account/%2e%2e/graphql", "/account"),
        ("/account/...", "/account"),
        ("/accounts", "/account"),
        ("/account\r\nSet-Cookie: p4f=x", "/account"),
    ] {
        let mut browser = PageBrowser::new(&server);
        let page = browser.open("/account/login").await;
        let login = [("email", email.as_str()), ("password", PASSWORD), ("next", next)];
        let entered = browser.submit(&page, "Log in", &login).await;
        assert_eq!(entered.address, expected, "{next:?}");
    }
}

#[tokio::test]
async fn log_ins_confirmations_and_log_outs_on_pages_are_recorded() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let page = browser.open("/account/confirm").await;
    let wrong = browser.submit(&page, "Continue", &[("password", "wrong")]).await;
    assert!(wrong.status == 422 && wrong.says("Invalid password."), "{}", wrong.text());
    server.log_in(&email, PASSWORD).await;
    let page = browser.open("/account/sessions").await;
    browser.submit(&page, "End all other sessions", &[]).await;
    let page = browser.open("/account/confirm").await;
    let page = browser.submit(&page, "Continue", &[("password", PASSWORD)]).await;
    browser.submit(&page, "Log out", &[]).await;
    let lines = server.audit_lines();
    let expected = [
        "1 logged_in owner",
        "1 password_refused owner",
        "1 logged_in owner",
        "1 other_sessions_revoked owner",
        "1 password_confirmed owner",
        "1 logged_out owner",
    ];
    assert_eq!(lines[lines.len() - expected.len()..], expected);
    let sessions: Vec<_> = server.audit().iter().rev().take(2).map(|entry| entry.session.clone()).collect();
    assert!(sessions[0].is_some() && sessions[0] == sessions[1], "{sessions:?}");
}

#[tokio::test]
async fn cookies_of_other_servers_do_not_matter() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let cookie = &browser.cookies["p4f"];
    for (others, status) in [
        (format!("a=1; p4f={cookie}; b=2").into_bytes(), 200),
        ([b"a=\xff\xc3\x28; p4f=", cookie.as_bytes()].concat(), 200),
        (format!("p4f={cookie}; p4f=another").into_bytes(), 303),
        (format!("P4F={cookie}").into_bytes(), 303),
        (format!("xp4f={cookie}").into_bytes(), 303),
    ] {
        let header = HeaderValue::from_bytes(&others).expect("a header");
        let reply = server.raw(Method::GET, "/account").header(COOKIE, header).send().await.expect("a reply");
        assert_eq!(reply.status(), status, "{}", String::from_utf8_lossy(&others));
    }
}

#[tokio::test]
async fn a_form_that_is_sent_after_the_session_ended_is_not_lost_silently() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let page = browser.open("/account/profile").await;
    server.advance(Duration::from_hours(8 * 24));
    let login = browser.submit(&page, "Save", &[("first_name", "Ada")]).await;
    assert!(login.says("Nothing was saved, because your login has expired."), "{}", login.text());
    let page = browser.submit(&login, "Log in", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(page.address, "/account/profile");
    server.ignore_mail();
}
