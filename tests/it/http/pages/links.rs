//! The pages behind mailed links.

use std::time::Duration;

use reqwest::Method;

use crate::support::mutation::mutation;
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused_with};
use crate::support::server::TestServer;

/// Signs up and requests a secondary address. Returns both addresses.
async fn sign_up_with_secondary(server: &TestServer) -> (String, String) {
    let ada = server.sign_up("ada").await;
    ada.request_secondary_email(server, "ada@example.net").await;
    (ada.email, "ada@example.net".to_owned())
}

#[tokio::test]
async fn opening_a_link_changes_nothing() {
    let server = TestServer::start("accounts.passwordless_registration = false\n").await;
    let email = server.register("eve").await;
    let (ada, second) = sign_up_with_secondary(&server).await;
    let paths = [
        format!("/activate/{}", server.mailed_token(&email)),
        format!("/activate/{}", server.mailed_token(&second)),
        format!("/activate-secondary/{}", server.mailed_token(&second)),
        format!("/password-reset/{}", server.request_reset(&ada).await),
    ];
    server.ignore_mail();
    let before = server.rows();
    for path in &paths {
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let reply = server.raw(method, path).send().await.expect("a page");
            assert_eq!(reply.status(), 200, "{path}");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn an_account_is_activated_once_by_a_button() {
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    let path = format!("/activate/{}", server.mailed_token(&email));
    let page = server.open(&path).await;
    assert!(page.says("<h1>Activate your account</h1>") && page.says("Activate ada@example.org</button>"));
    assert_refused_with(&server.try_log_in(&email, PASSWORD).await, "not_verified");

    let pressed = server.submit(&path, &[]).await;
    assert_eq!((pressed.status, pressed.location.as_str()), (303, "/done/activation"));
    assert!(server.open(&pressed.location).await.says("<h1>Your account is active</h1>"));
    server.log_in(&email, PASSWORD).await;
    for again in [server.open(&path).await, server.submit(&path, &[]).await] {
        assert_eq!(again.status, 200);
        assert!(again.says("Your account is active already") && !again.says("<form"));
    }
}

#[tokio::test]
async fn activation_after_a_reset_request_leads_to_a_new_password() {
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    assert!(
        !server.open(&format!("/activate/{}", server.mailed_token(&email))).await.says("ends the old one")
    );
    server.submit("/password-reset", &[("email", &email)]).await;
    let mail = server.mails_to(&email).pop().expect("a mail");
    let sentence = "You asked for a new password: activating your account ends the old one.";
    let other_sentence = "somebody else did. You can activate your account all the same";
    for sentence in [sentence, other_sentence] {
        assert_eq!(mail.text.matches(sentence).count(), 2, "as plain text and as HTML: {}", mail.text);
    }

    let path = format!("/activate/{}", server.mailed_token(&email));
    let page = server.open(&path).await;
    assert!(page.says("activating your account ends the old one") && page.says(other_sentence));
    let pressed = server.submit(&path, &[]).await;
    assert_eq!(pressed.status, 303);
    assert!(pressed.location.starts_with("/password-set/"), "{}", pressed.location);
    assert!(server.open(&pressed.location).await.says("<h1>Choose your password</h1>"));
    let good = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    assert_eq!(server.submit(&pressed.location, &good).await.location, "/done/first-password");
    server.log_in(&email, OTHER_PASSWORD).await;
    assert_refused_with(&server.try_log_in(&email, PASSWORD).await, "invalid_credentials");
    assert_eq!(server.open(&pressed.location).await.status, 200, "the link was used");
    server.ignore_mail();
}

#[tokio::test]
async fn an_invalid_link_shows_the_reason_and_offers_another_mail() {
    let server = TestServer::start("").await;
    let (ada, second) = sign_up_with_secondary(&server).await;
    let eve = server.register("eve").await;
    let reset = format!("/password-reset/{}", server.request_reset(&ada).await);
    let links = [
        (format!("/activate/{}", server.mailed_token(&eve)), true),
        (format!("/activate/{}", server.mailed_token(&second)), false),
        (reset.clone(), true),
    ];
    server.advance(Duration::from_hours(8 * 24));
    for (path, offers) in &links {
        for page in [server.open(path).await, server.submit(path, &[]).await] {
            assert_eq!(page.status, 410, "{path}");
            assert!(page.says("<h1>This link is too old</h1>"), "{}", page.text);
            assert_eq!(page.says("type=\"email\""), *offers, "{path}");
        }
    }
    for path in ["/activate/nonsense", "/activate-secondary/a:b:c", "/password-reset/%00", "/password-set/x"]
    {
        for page in [server.open(path).await, server.submit(path, &[]).await] {
            assert_eq!(page.status, 404, "{path}");
            assert!(page.says("<h1>This link does not work</h1>"), "{}", page.text);
        }
    }
    let token = server.request_reset(&ada).await;
    assert_eq!(
        server.open(&format!("/password-set/{token}")).await.status,
        404,
        "a link for another purpose"
    );

    let path = format!("/password-reset/{token}");
    let fields = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    assert_eq!(server.submit(&path, &fields).await.status, 303);
    let used = server.open(&path).await;
    assert_eq!(used.status, 410);
    assert!(used.says("<h1>This link no longer works</h1>") && used.says("action=\"/password-reset\""));
    server.ignore_mail();
}

#[tokio::test]
async fn invalid_links_are_throttled_on_pages_too() {
    let server = TestServer::start("limits.token.free = 1\n").await;
    assert_eq!(server.submit("/activate/nonsense", &[]).await.status, 404);
    let form = server.raw(Method::POST, "/activate/nonsense").header("Accept", "text/html");
    let throttled = form.send().await.expect("a page");
    assert_eq!(throttled.status(), 429);
    assert!(throttled.headers().contains_key("retry-after"));
    assert!(throttled.text().await.expect("a page").contains("Too many attempts"));
}

#[tokio::test]
async fn an_invalid_new_password_shows_every_error() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let path = format!("/password-reset/{}", server.request_reset(&email).await);
    let page = server.open(&path).await;
    assert!(page.says("<h1>Choose a new password</h1>") && page.says("autocomplete=\"new-password\""));
    let before = server.rows();
    for (first, second, sentences) in [
        (
            "12345",
            "12345",
            vec!["This password is too short.", "This password is too common.", "entirely numeric"],
        ),
        (OTHER_PASSWORD, PASSWORD, vec!["The two password fields didn’t match."]),
        ("", "", vec!["This field is required."]),
        ("ada@example.org", "ada@example.org", vec!["too similar"]),
    ] {
        let refused = server.submit(&path, &[("new_password1", first), ("new_password2", second)]).await;
        assert_eq!(refused.status, 422, "{first}");
        assert!(sentences.iter().all(|sentence| refused.says(sentence)), "{}", refused.text);
        assert!(refused.says("role=\"alert\"") && refused.says("aria-invalid=\"true\""));
        assert!(first.len() < 6 || !refused.says(first), "a password is shown: {}", refused.text);
    }
    assert_eq!(server.rows(), before);
    let good = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    let pressed = server.submit(&path, &good).await;
    assert_eq!((pressed.status, pressed.location.as_str()), (303, "/done/new-password"));
    server.log_in(&email, OTHER_PASSWORD).await;
    assert_refused_with(&server.try_log_in(&email, PASSWORD).await, "invalid_credentials");
    server.ignore_mail();
}

#[tokio::test]
async fn a_secondary_address_is_confirmed_at_either_path() {
    for path in ["/activate", "/activate-secondary"] {
        let server = TestServer::start("").await;
        let (_, second) = sign_up_with_secondary(&server).await;
        let path = format!("{path}/{}", server.mailed_token(&second));
        assert!(server.open(&path).await.says("<h1>Confirm your secondary address</h1>"));
        assert_eq!(server.submit(&path, &[]).await.location, "/done/secondary-address");
        server.log_in(&second, PASSWORD).await;
        assert!(server.open(&path).await.says("Your address is confirmed already"));
        server.ignore_mail();
    }
}

#[tokio::test]
async fn a_first_password_is_set_by_its_link() {
    let server = TestServer::start("accounts.passwordless_registration = true\n").await;
    assert_done(
        &server.mutate(None, &mutation("register", serde_json::json!({ "email": "ada@example.org" }))).await,
    );
    let path = format!("/password-set/{}", server.mailed_token("ada@example.org"));
    assert!(server.open(&path).await.says("<h1>Choose your password</h1>"));
    let good = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    assert_eq!(server.submit(&path, &good).await.location, "/done/first-password");
    server.log_in("ada@example.org", OTHER_PASSWORD).await;
    assert!(server.open(&path).await.says("Your account has a password already"));
    server.ignore_mail();
}
