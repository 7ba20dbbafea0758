//! Passkeys in a browser with a virtual authenticator: with a mouse on a desktop, and with a keyboard in a narrow window.

use super::browser_life::{DESKTOP, PHONE};
use super::second_factor::{LATER, PAGE, recovery_codes};
use crate::support::browser::{Browser, ENTER};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

const FAILED: &str = "[data-passkey-failed]:not([hidden])";

impl Browser {
    pub(super) async fn log_in_with_password(&self, server: &TestServer, email: &str) {
        self.open(server, "/account/login").await;
        self.submit("Log in", &[("email", email), ("password", PASSWORD)]).await;
    }

    pub(super) async fn press_log_out(&self) {
        self.click("form.log-out button").await;
        self.wait_for_status("You are logged out.").await;
    }

    /// Returns the recovery codes that the page shows.
    pub(super) async fn shown_codes(&self) -> Vec<String> {
        self.wait_for(".codes").await;
        recovery_codes(&self.client.source().await.expect("a page"))
    }
}

#[tokio::test]
async fn passkeys_replace_password_and_code_until_they_are_lost() {
    let server = TestServer::start("").await;
    let Some(browser) = Browser::start_on_localhost(&server).await else { return };
    browser.resize(DESKTOP).await;
    let email = server.register_verified("ada").await;
    let key = browser.add_authenticator().await;
    browser.log_in_with_password(&server, &email).await;
    browser.wait_for_url(&server, "/account").await;

    // The authenticator does not recognize the person at the first try.
    browser.click("a[href='/account/second-factor']").await;
    browser.submit("Add a passkey", &[]).await;
    browser.set_user_verified(&key, false).await;
    browser.submit("Create the passkey", &[("name", "Laptop")]).await;
    assert_eq!(browser.wait_for(FAILED).await, "The passkey was not created. Please try again.");
    browser.set_user_verified(&key, true).await;
    browser.submit("Create the passkey", &[]).await;
    let codes = browser.shown_codes().await;
    assert_eq!(codes.len(), 10);
    browser.click("main a.button").await;
    browser.wait_for_url(&server, "/account").await;

    // With the passkey alone.
    browser.press_log_out().await;
    browser.set_user_verified(&key, false).await;
    browser.submit("Log in with a passkey", &[]).await;
    assert_eq!(browser.wait_for(FAILED).await, "The passkey was not used. Please try again.");
    browser.set_user_verified(&key, true).await;
    browser.submit("Log in with a passkey", &[]).await;
    browser.wait_for_url(&server, "/account").await;

    // After the password.
    browser.press_log_out().await;
    browser.log_in_with_password(&server, &email).await;
    browser.submit("Use a passkey", &[]).await;
    browser.wait_for_url(&server, "/account").await;

    // For an act that needs a recent login.
    server.advance(LATER);
    browser.open(&server, "/account/delete").await;
    browser.wait_for("#archive-code").await;
    browser.click("a[href='/account/confirm?next=%2Faccount%2Fdelete']").await;
    browser.submit("Use a passkey", &[]).await;
    browser.wait_for_url(&server, "/account/delete").await;
    browser.wait_until("!document.querySelector('[name=code]')").await;

    // Another authenticator has a passkey of its own.
    browser.remove_authenticator(&key).await;
    let other_key = browser.add_authenticator().await;
    browser.open(&server, PAGE).await;
    browser.submit("Add a passkey", &[]).await;
    browser.submit("Create the passkey", &[("name", "Phone")]).await;
    browser.wait_for_status("The passkey is added.").await;
    let names = "return [...document.querySelectorAll('.rows strong')].map(it => it.innerText).join()";
    assert_eq!(browser.run_script(names).await, "Laptop,Phone");
    browser.press_log_out().await;
    browser.submit("Log in with a passkey", &[]).await;
    browser.wait_for_url(&server, "/account").await;

    // Both are lost.
    browser.press_log_out().await;
    browser.remove_authenticator(&other_key).await;
    browser.log_in_with_password(&server, &email).await;
    browser.submit("Continue", &[("code", &codes[0])]).await;
    browser.wait_for_url(&server, "/account").await;
    browser.open(&server, PAGE).await;
    for left in ["Phone", ""] {
        browser.click(".rows summary").await;
        browser.submit("Remove this passkey", &[]).await;
        browser.wait_for_status("The passkey is removed.").await;
        assert_eq!(browser.run_script(names).await, left);
    }
    browser.press_log_out().await;
    browser.log_in_with_password(&server, &email).await;
    browser.wait_for_url(&server, "/account").await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn passkeys_can_be_used_with_a_keyboard_in_a_narrow_window() {
    let server = TestServer::start("").await;
    let Some(browser) = Browser::start_on_localhost(&server).await else { return };
    browser.resize(PHONE).await;
    let email = server.register_verified("ada").await;
    browser.add_authenticator().await;
    browser.open(&server, "/account/login?next=/account/second-factor").await;
    for (field, text) in [("#email", email.as_str()), ("#password", PASSWORD)] {
        browser.tab_to(field).await;
        browser.press(text).await;
    }
    browser.press(ENTER).await;
    browser.wait_for_url(&server, PAGE).await;
    browser.tab_to("button[value=start_passkey]").await;
    browser.press(ENTER).await;
    browser.wait_for("#new-name").await;
    browser.tab_to("#new-name").await;
    browser.press("Phone").await;
    browser.press(ENTER).await;
    assert_eq!(browser.shown_codes().await.len(), 10);
    browser.tab_to("main a.button").await;
    browser.press(ENTER).await;
    browser.wait_for_url(&server, "/account").await;

    browser.tab_to("form.log-out button").await;
    browser.press(ENTER).await;
    browser.wait_for_status("You are logged out.").await;
    browser.tab_to("form[data-passkey] button").await;
    browser.press(ENTER).await;
    browser.wait_for_url(&server, "/account").await;

    server.advance(LATER);
    browser.open(&server, "/account/emails").await;
    browser.tab_to("main a[href='/account/confirm?next=%2Faccount%2Femails']").await;
    browser.press(ENTER).await;
    browser.wait_for("form[data-passkey]").await;
    browser.tab_to("form[data-passkey] button").await;
    browser.press(ENTER).await;
    browser.wait_for_url(&server, "/account/emails").await;

    browser.open(&server, PAGE).await;
    browser.tab_to(".rows summary").await;
    browser.press(ENTER).await;
    browser.tab_to("button[value=remove_passkey]").await;
    browser.press(ENTER).await;
    browser.wait_for_status("The passkey is removed.").await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}
