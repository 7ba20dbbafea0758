//! The pages in a browser, and a check of their accessibility.

use super::browser_life::{accessibility_check, violations};
use crate::support::browser::Browser;
use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::server::TestServer;

#[tokio::test]
async fn every_mailed_link_can_be_completed_in_a_browser() {
    let Some(browser) = Browser::start().await else { return };
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    browser.open(&server, &format!("/activate/{}", server.mailed_token(&email))).await;
    assert_eq!(browser.wait_for("h1").await, "Activate your account");
    browser.click("main button").await;
    browser.wait_for_url(&server, "/done/activation").await;
    assert_eq!(browser.wait_for("h1").await, "Your account is active");
    let ada = server.log_in(&email, PASSWORD).await;

    let token = ada.request_secondary_email(&server, "ada@example.net").await;
    browser.open(&server, &format!("/activate/{token}")).await;
    browser.click("main button").await;
    browser.wait_for_url(&server, "/done/secondary-address").await;
    assert_eq!(ada.me(&server).await["secondaryEmail"], "ada@example.net");

    browser.open(&server, "/").await;
    browser.click("a[href='/password-reset']").await;
    browser.type_text("#email", &email).await;
    browser.click("main button").await;
    browser.wait_for_url(&server, "/done/password-mail").await;
    let link = format!("/password-reset/{}", server.mailed_token(&email));
    browser.open(&server, &link).await;
    for field in ["#password", "#again"] {
        browser.type_text(field, "12345678").await;
    }
    browser.click("main button").await;
    let message = browser.wait_for("[role=alert] p").await;
    assert_eq!(message, "This password is too common.");
    for field in ["#password", "#again"] {
        browser.type_text(field, OTHER_PASSWORD).await;
    }
    browser.click("main button").await;
    browser.wait_for_url(&server, "/done/new-password").await;
    server.log_in(&email, OTHER_PASSWORD).await;
    browser.open(&server, &link).await;
    assert_eq!(browser.wait_for("h1").await, "This link no longer works");
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn the_pages_load_their_assets_from_below_the_path() {
    let Some(browser) = Browser::start().await else { return };
    let server = TestServer::start("public_url = \"http://127.0.0.1/auth\"\n").await;
    for path in ["/auth/", "/auth/graphql"] {
        browser.open(&server, path).await;
        browser.wait_for("h1").await;
        let script = "return performance.getEntriesByType('resource').map(it => new URL(it.name).pathname)";
        let parts = browser.run_script(script).await;
        let parts: Vec<&str> =
            parts.as_array().expect("a list").iter().filter_map(|part| part.as_str()).collect();
        assert!(!parts.is_empty() && parts.iter().all(|part| part.starts_with("/auth/")), "{parts:?}");
        assert_eq!(browser.console_errors().await, [] as [String; 0], "{path}");
    }
}

#[tokio::test]
async fn no_page_violates_accessibility_rules() {
    let Some(browser) = Browser::start().await else { return };
    let Some(check) = accessibility_check() else { return };
    let server = TestServer::start("").await;
    let (eve, ada) = (server.register("eve").await, server.register_verified("ada").await);
    let paths = [
        "/".to_owned(),
        format!("/activate/{}", server.mailed_token(&eve)),
        format!("/password-reset/{}", server.request_reset(&ada).await),
        "/activate/nonsense".to_owned(),
        "/password-reset".to_owned(),
        "/done/new-password".to_owned(),
    ];
    for path in &paths {
        browser.open(&server, path).await;
        let violations = violations(&browser, &check).await;
        assert_eq!(violations, serde_json::json!([]), "{path}");
    }
    server.ignore_mail();
}
