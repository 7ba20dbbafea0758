//! Logins in two steps on the pages.

use super::{LATER, Owner, PAGE, STEP, assert_says, field};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_login_leads_to_the_wanted_page_after_the_second_step() {
    let server = TestServer::start("").await;
    let ada = Owner::new(&server, "ada").await;
    let (mut browser, page) = ada.enter_password("/account/sessions").await;
    assert!(!browser.cookies.contains_key("p4f"), "the password alone begins a session");
    assert_says(
        &page,
        200,
        "The code of your authenticator app. If you have lost it, enter a recovery code.",
    );
    let step = ["challenge", "next", "step"].map(|name| field(&page, "Continue", name));
    assert_eq!(step[1], "/account/sessions");
    let code = server.wrong_code(&ada.phone);
    let refused = browser.submit(&page, "Continue", &[("code", &code)]).await;
    assert_says(&refused, 422, "This code is not valid or was used already.");
    assert_eq!(["challenge", "next", "step"].map(|name| field(&refused, "Continue", name)), step);
    assert!(
        !refused.html.contains(&code) && refused.html.contains("aria-describedby=\"code-hint code-errors\"")
    );
    let page = browser.submit(&refused, "Continue", &[("code", &ada.code())]).await;
    assert_eq!((page.status, page.address.as_str()), (200, "/account/sessions"));

    // A code of the app works once, and a recovery code as well.
    let (mut other, page) = ada.enter_password("/account/login").await;
    assert_says(&other.submit(&page, "Continue", &[("code", &ada.code())]).await, 422, "was used already");
    let spelled = ada.codes[0].to_uppercase().replace('-', " ");
    let page = other.submit(&page, "Continue", &[("code", &spelled)]).await;
    assert_eq!((page.status, page.address.as_str()), (200, "/account"));
    assert_says(&other.open(PAGE).await, 200, "9 recovery codes are left.");
    let (mut third, page) = ada.enter_password("/account/login").await;
    assert_says(&third.submit(&page, "Continue", &[("code", &ada.codes[0])]).await, 422, "was used already");
    let mail = server.mails_to(&ada.email).pop().expect("a mail");
    assert!(mail.plain.contains("A recovery code of your account was used."), "{}", mail.plain);
}

#[tokio::test]
async fn an_expired_or_used_second_step_starts_the_login_again() {
    let server = TestServer::start("").await;
    let ada = Owner::new(&server, "ada").await;
    let (mut browser, step) = ada.enter_password("/account/sessions").await;
    server.advance(LATER);
    let late = browser.submit(&step, "Continue", &[("code", &ada.code())]).await;
    assert_says(&late, 422, "This took too long. Please try again.");
    assert_eq!(field(&late, "Log in", "next"), "/account/sessions");
    assert!(!late.html.contains("name=\"code\""), "{}", late.html);
    let step = browser.submit(&late, "Log in", &[("email", &ada.email), ("password", PASSWORD)]).await;
    let page = browser.submit(&step, "Continue", &[("code", &ada.code())]).await;
    assert_eq!(page.address, "/account/sessions");
    browser.submit(&page, "Log out", &[]).await;
    server.advance(STEP);
    // The session that the form was made for has ended, so its token is renewed.
    let token = field(&browser.open("/account/login").await, "Log in", "form_token");
    let form = step.form("Continue").with("form_token", &token).with("code", &ada.code());
    assert_says(&browser.send(&form).await, 422, "This took too long. Please try again.");
    assert!(!browser.cookies.contains_key("p4f"), "a challenge works twice");
}

#[tokio::test]
async fn an_archived_account_returns_only_with_the_second_step() {
    let server = TestServer::start("").await;
    let mut ada = Owner::new(&server, "ada").await;
    let page = ada.browser.open("/account/delete").await;
    let page = ada.browser.submit(&page, "Archive this account", &[("password", PASSWORD)]).await;
    assert_says(&page, 200, "Your account is archived.");
    let archived = server.audit_lines();
    let (mut browser, page) = ada.enter_password("/account/login").await;
    assert!(!server.audit_lines()[archived.len()..].iter().any(|line| line.contains("unarchived")));
    let page = browser.submit(&page, "Continue", &[("code", &ada.code())]).await;
    assert_says(&page, 200, "Welcome back. Your account is no longer archived.");
    server.ignore_mail();
}

#[tokio::test]
async fn each_second_step_begins_a_session_with_a_new_cookie() {
    let server = TestServer::start("").await;
    let ada = Owner::new(&server, "ada").await;
    let (mut browser, page) = ada.enter_password("/account/login").await;
    let planted = "f".repeat(64);
    browser.cookies.insert("p4f".to_owned(), planted.clone());
    browser.submit(&page, "Continue", &[("code", &ada.code())]).await;
    let first = browser.cookies["p4f"].clone();
    assert_ne!(first, planted, "the browser chooses the cookie");
    let mut thief = PageBrowser::new(&server);
    thief.cookies.insert("p4f".to_owned(), planted);
    assert!(thief.open("/account").await.address.starts_with("/account/login"));

    server.advance(LATER);
    let page = browser.open("/account/confirm").await;
    browser.submit(&page, "Continue", &[("password", PASSWORD), ("code", &ada.code())]).await;
    assert_ne!(browser.cookies["p4f"], first, "the cookie stays after a confirmation");
    thief.cookies.insert("p4f".to_owned(), first);
    assert!(thief.open("/account").await.address.starts_with("/account/login"), "the old cookie works");

    // Somebody who knows a password and a code cannot log another browser in.
    let (_, step) = ada.enter_password("/account/login").await;
    let form = step.form("Continue").with("code", &ada.codes[0]);
    let mut victim = PageBrowser::new(&server);
    for _ in 0..2 {
        assert_says(&victim.send(&form).await, 403, "This form is too old");
        assert_says(&victim.send_from(&form, "cross-site").await, 403, "The form came from another site");
        victim.open("/account/login").await;
    }
    assert!(!victim.cookies.contains_key("p4f"), "the victim is logged in");
    server.ignore_mail();
}
