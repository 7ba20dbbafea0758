//! Authenticator apps in a browser without scripts, and a check of the accessibility of all pages with second factors.

use fantoccini::Locator;

use super::browser_life::{LOOKS, PHONE, accessibility_check, assert_accessible};
use super::second_factor::{LATER, PAGE, STEP, recovery_codes};
use crate::support::browser::{Browser, ENTER};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::phone::Phone;
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

/// Reads the QR code of the page, or rather the link for apps on the same device.
async fn scan(browser: &Browser) -> Phone {
    browser.wait_for(".qr-code svg").await;
    let link = browser.run_script("return document.querySelector('a[href^=\"otpauth:\"]').href").await;
    Phone::scan(link.as_str().expect("an address"))
}

#[tokio::test]
async fn codes_work_without_scripts_and_passkeys_are_not_offered() {
    let Some(browser) = Browser::start_without_scripts().await else { return };
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut elsewhere = PageBrowser::new(&server);
    elsewhere.log_in(&email, PASSWORD).await;
    let codes = recovery_codes(&elsewhere.add_passkey(&mut SecurityKey::new(), "Key").await.html);
    browser.resize(PHONE).await;
    browser.open(&server, "/account/login").await;
    assert_passkeys_hidden(&browser).await;
    browser.log_in_with_password(&server, &email).await;
    browser.wait_for("#code").await;
    assert_passkeys_hidden(&browser).await;
    browser.submit("Continue", &[("code", &codes[0])]).await;
    browser.wait_for_url(&server, "/account").await;

    browser.open(&server, PAGE).await;
    browser.submit("Set up an app", &[]).await;
    let phone = scan(&browser).await;
    browser.submit("Finish the set-up", &[("code", "12345")]).await;
    assert!(browser.wait_for(".field-errors").await.starts_with("This code is not valid"));
    let code = phone.code_at(server.now_seconds());
    browser.submit("Finish the set-up", &[("code", &code)]).await;
    assert_eq!(browser.shown_codes().await.len(), 10);
    browser.press_log_out().await;
    server.advance(STEP);
    browser.log_in_with_password(&server, &email).await;
    assert_eq!(browser.wait_for("label[for=code]").await, "Code");
    browser.submit("Continue", &[("code", &phone.code_at(server.now_seconds()))]).await;
    browser.wait_for_url(&server, "/account").await;

    server.advance(LATER);
    browser.open(&server, "/account/confirm?next=/account/second-factor").await;
    assert_passkeys_hidden(&browser).await;
    let code = phone.code_at(server.now_seconds());
    browser.submit("Continue", &[("password", PASSWORD), ("code", &code)]).await;
    browser.wait_for_url(&server, PAGE).await;
    browser.submit("Add a passkey", &[]).await;
    assert_eq!(browser.wait_for("noscript .notice").await, "Passkeys need JavaScript.");
    assert_passkeys_hidden(&browser).await;
    server.advance(STEP);
    browser.open(&server, PAGE).await;
    browser.click("summary").await;
    let code = phone.code_at(server.now_seconds());
    browser.submit("Remove the app", &[("password", PASSWORD), ("code", &code)]).await;
    browser.wait_for_status("The authenticator app is removed.").await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

/// Asserts that the page has a form for passkeys, which is not visible.
async fn assert_passkeys_hidden(browser: &Browser) {
    let form = browser.client.find(Locator::Css("form[data-passkey]")).await.expect("a form for passkeys");
    assert!(!form.is_displayed().await.expect("a state"), "a form for passkeys is visible");
}

#[tokio::test]
async fn no_page_with_a_second_factor_violates_accessibility_rules() {
    let server = TestServer::start("").await;
    let Some(browser) = Browser::start_on_localhost(&server).await else { return };
    let Some(check) = accessibility_check() else { return };
    browser.add_authenticator().await;
    for looks in LOOKS {
        let email = server.register_verified(looks.name).await;
        browser.resize(looks.size).await;
        browser.prefer(looks.language, looks.is_dark).await;
        let see = async |name: &str, element: &str| {
            browser.wait_for(element).await;
            // What is folded is looked at as well.
            browser.run_script("document.querySelectorAll('details').forEach(it => it.open = true)").await;
            assert_accessible(&browser, &check, &format!("second-factor-{name}"), &looks).await;
        };
        let enter_password = async || {
            browser.open(&server, "/account/login?next=/account/second-factor").await;
            browser.type_text("#email", &email).await;
            browser.type_text("#password", PASSWORD).await;
            browser.press(ENTER).await;
        };
        enter_password().await;
        see("empty", "button[value=set_up]").await;
        browser.click("button[value=set_up]").await;
        let phone = scan(&browser).await;
        see("set-up", ".qr-code").await;
        browser.type_text("#first-code", "12345").await;
        browser.press(ENTER).await;
        see("wrong", ".field-errors").await;
        browser.type_text("#first-code", &phone.code_at(server.now_seconds())).await;
        browser.press(ENTER).await;
        see("codes", ".codes").await;
        browser.open(&server, PAGE).await;
        see("app", "button[value=remove_app]").await;
        browser.click("button[value=start_passkey]").await;
        see("new-passkey", "#new-name").await;
        browser.type_text("#new-name", "Laptop").await;
        browser.press(ENTER).await;
        see("both", "[role=status]").await;

        server.advance(LATER);
        for (name, path) in [("late", PAGE), ("emails", "/account/emails"), ("delete", "/account/delete")] {
            browser.open(&server, path).await;
            see(name, "input[name=code]").await;
        }
        browser.open(&server, "/account/confirm").await;
        see("confirm", "#code").await;
        browser.click("form.log-out button").await;
        browser.wait_for("#email").await;
        enter_password().await;
        see("login", "#code").await;
        browser.type_text("#code", "12345").await;
        browser.press(ENTER).await;
        see("login-wrong", ".field-errors").await;
    }
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}
