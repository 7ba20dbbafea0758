//! Each page from mail to effect, and what an automated check of accessibility finds.

use crate::support::browser::Browser;
use crate::support::graphiql_sources::copy_with_packages;
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done};
use crate::support::server::TestServer;

#[tokio::test]
async fn somebody_gets_from_each_mail_to_what_it_is_for() {
    let Some(browser) = Browser::start().await else { return };
    let server = TestServer::start("").await;
    let email = server.registers("ada").await;
    browser.opens(&server, &format!("/activate/{}", server.last_link(&email))).await;
    assert_eq!(browser.waits_for("h1").await, "Activate your account");
    browser.clicks("main button").await;
    browser.arrives(&server, "/done/activation").await;
    assert_eq!(browser.waits_for("h1").await, "Your account is active");
    let ada = server.logs_in(&email, PASSWORD).await;

    let wish = format!("sendSecondaryEmailActivation(email: \"ada@example.net\", password: {PASSWORD:?})");
    assert_done(&ada.does(&server, &wish).await);
    browser.opens(&server, &format!("/activate/{}", server.last_link("ada@example.net"))).await;
    browser.clicks("main button").await;
    browser.arrives(&server, "/done/secondary-address").await;
    assert_eq!(ada.me(&server).await["secondaryEmail"], "ada@example.net");

    browser.opens(&server, "/").await;
    browser.clicks("a[href='/password-reset']").await;
    browser.types("#email", &email).await;
    browser.clicks("main button").await;
    browser.arrives(&server, "/done/password-mail").await;
    let link = format!("/password-reset/{}", server.last_link(&email));
    browser.opens(&server, &link).await;
    for field in ["#password", "#again"] {
        browser.types(field, "12345678").await;
    }
    browser.clicks("main button").await;
    let complaint = browser.waits_for("[role=alert] p").await;
    assert_eq!(complaint, "This password is too common.");
    for field in ["#password", "#again"] {
        browser.types(field, OTHER_PASSWORD).await;
    }
    browser.clicks("main button").await;
    browser.arrives(&server, "/done/new-password").await;
    server.logs_in(&email, OTHER_PASSWORD).await;
    browser.opens(&server, &link).await;
    assert_eq!(browser.waits_for("h1").await, "This link was used already");
    assert_eq!(browser.complaints().await, [] as [String; 0]);
    server.mails();
}

#[tokio::test]
async fn the_pages_load_all_their_parts_from_below_the_path() {
    let Some(browser) = Browser::start().await else { return };
    let server = TestServer::start("public_url = \"http://127.0.0.1/auth\"\n").await;
    for path in ["/auth/", "/auth/graphql"] {
        browser.opens(&server, path).await;
        browser.waits_for("h1").await;
        let script = "return performance.getEntriesByType('resource').map(it => new URL(it.name).pathname)";
        let parts = browser.runs(script).await;
        let parts: Vec<&str> =
            parts.as_array().expect("a list").iter().filter_map(|part| part.as_str()).collect();
        assert!(!parts.is_empty() && parts.iter().all(|part| part.starts_with("/auth/")), "{parts:?}");
        assert_eq!(browser.complaints().await, [] as [String; 0], "{path}");
    }
}

#[tokio::test]
async fn a_check_of_accessibility_finds_nothing_wrong_with_any_page() {
    let Some(browser) = Browser::start().await else { return };
    let Some(graphiql) = copy_with_packages() else { return };
    let check = graphiql.join("node_modules/axe-core/axe.min.js");
    let check = std::fs::read_to_string(check).expect("a script");
    let server = TestServer::start("").await;
    let (eve, ada) = (server.registers("eve").await, server.verifies("ada").await);
    let paths = [
        "/".to_owned(),
        format!("/activate/{}", server.last_link(&eve)),
        format!("/password-reset/{}", server.asks_for_a_reset(&ada).await),
        "/activate/nonsense".to_owned(),
        "/password-reset".to_owned(),
        "/done/new-password".to_owned(),
    ];
    for path in &paths {
        browser.opens(&server, path).await;
        browser.runs(&check).await;
        let script = "const done = arguments[arguments.length - 1]; \
            axe.run().then(found => done(found.violations.map(it => it.id + ': ' + it.nodes[0].html)));";
        let violations = browser.client.execute_async(script, Vec::new()).await.expect("a verdict");
        assert_eq!(violations, serde_json::json!([]), "{path}");
    }
    server.mails();
}
