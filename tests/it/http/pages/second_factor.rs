//! Authenticator apps, recovery codes and passkeys on the pages, without JavaScript.

mod login;
mod passkeys;
mod required;
mod secrets;
mod weak_sessions;

use std::time::Duration;

use regex::Regex;
use serde_json::Value;

use crate::support::page_browser::{BrowserPage, PageBrowser};
use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::phone::Phone;
use crate::support::second_factor::ORIGIN;
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

pub(super) const PAGE: &str = "/account/second-factor";
/// After this time, each code of an app is another one.
pub(super) const STEP: Duration = Duration::from_mins(1);
/// After this time, a login is no longer recent, and challenges have expired.
pub(super) const LATER: Duration = Duration::from_mins(6);

#[track_caller]
fn assert_says(page: &BrowserPage, status: u16, sentence: &str) {
    assert_eq!(page.status, status, "{}: {}", page.address, page.text());
    assert!(page.says(sentence), "{}: {}", page.address, page.text());
}

/// Returns the recovery codes that a page shows.
pub(super) fn recovery_codes(html: &str) -> Vec<String> {
    let code = Regex::new("<code>([0-9a-z]{5}-[0-9a-z]{5})</code>").expect("a pattern");
    code.captures_iter(html).map(|found| found[1].to_owned()).collect()
}

/// Returns the value of a field of the form that has a button.
fn field(page: &BrowserPage, button: &str, name: &str) -> String {
    let fields = page.form(button).fields;
    let found = fields.into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{button}: no field {name}")).1
}

/// Returns the options of the passkey form of a page.
fn passkey_options(page: &BrowserPage) -> Value {
    let options = Regex::new("data-passkey=\"[a-z]+\" data-options=\"([^\"]*)\"").expect("a pattern");
    let options = options.captures(&page.html).unwrap_or_else(|| panic!("no passkey form: {}", page.html));
    serde_json::from_str(&options[1].replace("&quot;", "\"").replace("&#x2f;", "/")).expect("JSON")
}

/// A verified account with an app, and a browser in which its owner is logged in.
struct Owner<'a> {
    server: &'a TestServer,
    browser: PageBrowser<'a>,
    email: String,
    phone: Phone,
    /// The recovery codes that have not been used.
    codes: Vec<String>,
}

impl<'a> Owner<'a> {
    /// Registers an account, and sets an app up on the page.
    async fn new(server: &'a TestServer, name: &str) -> Self {
        let email = server.register_verified(name).await;
        let mut browser = PageBrowser::new(server);
        browser.log_in(&email, PASSWORD).await;
        let (phone, codes) = browser.set_up_app(server.now_seconds()).await;
        server.ignore_mail();
        server.advance(STEP);
        Self { server, browser, email, phone, codes }
    }

    /// The code that the app shows now.
    fn code(&self) -> String {
        self.server.code(&self.phone)
    }

    /// Opens a page in another browser without a login, and enters the password.
    async fn enter_password(&self, address: &str) -> (PageBrowser<'a>, BrowserPage) {
        let mut browser = PageBrowser::new(self.server);
        let page = browser.open(address).await;
        let page = browser.submit(&page, "Log in", &[("email", &self.email), ("password", PASSWORD)]).await;
        assert_says(&page, 200, "Your password is correct.");
        (browser, page)
    }

    /// Logs in on another browser.
    async fn log_in(&self, address: &str) -> (PageBrowser<'a>, BrowserPage) {
        self.server.advance(STEP);
        let (mut browser, page) = self.enter_password(address).await;
        let page = browser.submit(&page, "Continue", &[("code", &self.code())]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        (browser, page)
    }
}

impl PageBrowser<'_> {
    /// Sets an app up. Returns it with the recovery codes.
    async fn set_up_app(&mut self, now: i64) -> (Phone, Vec<String>) {
        let page = self.open(PAGE).await;
        let page = self.submit(&page, "Set up an app", &[]).await;
        let phone = Phone::scan(&page.link("Open an app on this device"));
        let page = self.submit(&page, "Finish the set-up", &[("code", &phone.code_at(now))]).await;
        assert_says(&page, 200, "Your recovery codes");
        (phone, recovery_codes(&page.html))
    }

    /// Registers the passkey of a security key.
    pub(super) async fn add_passkey(&mut self, key: &mut SecurityKey, name: &str) -> BrowserPage {
        let page = self.open(PAGE).await;
        let page = self.submit(&page, "Add a passkey", &[]).await;
        let answer = key.register(&passkey_options(&page), ORIGIN).to_string();
        self.submit(&page, "Create the passkey", &[("name", name), ("passkey", &answer)]).await
    }
}

#[tokio::test]
async fn an_app_is_set_up_with_its_first_code() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    let overview = browser.log_in(&email, PASSWORD).await;
    assert!(overview.says("Second factor Not set up"), "{}", overview.text());
    let page = browser.open(PAGE).await;
    assert!(!page.html.contains("<svg") && !page.has_form("Finish the set-up"), "{}", page.html);
    let page = browser.submit(&page, "Set up an app", &[]).await;
    let link = page.link("Open an app on this device");
    let secret = Regex::new("secret=([A-Z2-7]+)").expect("a pattern").captures(&link).expect("a secret");
    assert!(page.html.contains("<svg") && page.says(&secret[1]), "{}", page.html);
    let phone = Phone::scan(&link);
    assert_eq!((phone.issuer(), phone.account_name()), ("localhost 8000", email.as_str()));
    let (code, wrong) = (server.code(&phone), server.wrong_code(&phone));

    let refused = browser.submit(&page, "Finish the set-up", &[("code", &wrong)]).await;
    assert_says(&refused, 422, "This code is not valid");
    let has_error_at_field =
        refused.html.contains("aria-describedby=\"first-code-errors\" aria-invalid=\"true\"");
    assert!(has_error_at_field && refused.html.contains("<svg"), "{}", refused.html);
    assert_eq!(refused.link("Open an app on this device"), link, "the secret has changed");
    assert!(!refused.html.contains(&wrong), "the page repeats the code");

    let done = browser.submit(&refused, "Finish the set-up", &[("code", &code)]).await;
    assert_says(&done, 200, "They are not shown again.");
    let codes = recovery_codes(&done.html);
    assert_eq!(codes.len(), 10, "{}", done.text());
    assert_eq!(done.link("I have saved the codes"), "/account");
    assert!(browser.open("/account").await.says("Second factor Authenticator app"));
    let page = browser.open(PAGE).await;
    assert_says(&page, 200, "10 recovery codes are left.");
    assert!(!page.html.contains("<svg") && !page.html.contains(&secret[1]), "{}", page.html);
    assert!(!codes.iter().any(|code| page.html.contains(code)), "the codes are shown again");
    assert!(!page.html.contains("renew-password"), "the first code is no recent proof: {}", page.text());
    let mail = server.mails_to(&email).pop().expect("a mail");
    assert!(mail.plain.contains("An authenticator app was added to your account."), "{}", mail.plain);
}

#[tokio::test]
async fn an_unfinished_set_up_is_shown_only_after_a_recent_login() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let page = browser.open(PAGE).await;
    let page = browser.submit(&page, "Set up an app", &[]).await;
    let phone = Phone::scan(&page.link("Open an app on this device"));
    server.advance(LATER);
    assert!(!browser.open(PAGE).await.html.contains("<svg"), "the secret is shown without a recent login");
    let wrong = server.wrong_code(&phone);
    let refused = browser.submit(&page, "Finish the set-up", &[("code", &wrong)]).await;
    assert_says(&refused, 422, "This code is not valid");
    assert!(!refused.html.contains("<svg"), "the secret is shown without a recent login");
    assert!(refused.html.contains("first-code-errors\" aria-invalid=\"true\""), "{}", refused.html);
    let again = browser.submit(&refused, "Set up an app", &[("password", PASSWORD)]).await;
    let phone = Phone::scan(&again.link("Open an app on this device"));
    server.advance(Duration::from_mins(61));
    let code = server.code(&phone);
    let expired = browser.submit(&again, "Finish the set-up", &[("code", &code)]).await;
    assert_says(&expired, 422, "The set-up has expired. Please start it again.");
    let again = browser.submit(&expired, "Set up an app", &[("password", PASSWORD)]).await;
    let phone = Phone::scan(&again.link("Open an app on this device"));
    server.advance(LATER);
    let page = browser.open(PAGE).await;
    let codes = browser.submit(&page, "Finish the set-up", &[("code", &server.code(&phone))]).await;
    assert_eq!(recovery_codes(&codes.html).len(), 10, "{}", codes.text());
    server.ignore_mail();
}

#[tokio::test]
async fn forms_need_the_code_some_minutes_after_the_login() {
    let server = TestServer::start("").await;
    let mut ada = Owner::new(&server, "ada").await;
    let page = ada.browser.open("/account/emails").await;
    assert!(!page.html.contains("name=\"code\""), "a recent login needs a code: {}", page.text());
    server.advance(LATER);
    let page = ada.browser.open("/account/emails").await;
    assert!(!page.says("Use a passkey instead"), "{}", page.text());
    let form = page.form("Send the mail").with("email", "ada@example.net").with("password", PASSWORD);
    let before = server.rows_of("pending_emails");
    let refused = ada.browser.send(&form).await;
    assert_says(&refused, 422, "Enter the code of your authenticator app.");
    let refused = ada.browser.send(&form.clone().with("code", &server.wrong_code(&ada.phone))).await;
    assert_says(&refused, 422, "This code is not valid");
    assert!(refused.html.contains("add-code-errors\" aria-invalid=\"true\""), "{}", refused.html);
    assert_eq!(server.rows_of("pending_emails"), before);
    let sent = ada.browser.send(&form.with("code", &ada.code())).await;
    assert_says(&sent, 200, "We have mailed a link to this address.");
    assert!(!sent.html.contains("name=\"code\""), "the confirmation does not last: {}", sent.text());

    server.advance(LATER);
    let page = ada.browser.open("/account/confirm?next=/account/data").await;
    for (entered, sentence) in [
        (vec![("password", PASSWORD)], "Enter the code of your authenticator app."),
        (vec![("password", "wrong"), ("code", &ada.code())], "Invalid password."),
        (vec![("password", PASSWORD), ("code", "123")], "This code is not valid"),
        (vec![("code", &ada.code())], "This field is required."),
    ] {
        let before = ada.browser.cookies.clone();
        assert_says(&ada.browser.submit(&page, "Continue", &entered).await, 422, sentence);
        assert_eq!(ada.browser.cookies, before, "{sentence}");
    }
    let entered = [("password", PASSWORD), ("code", &ada.code())];
    assert_eq!(ada.browser.submit(&page, "Continue", &entered).await.address, "/account/data");
    server.ignore_mail();
}

#[tokio::test]
async fn a_new_password_and_a_deletion_need_the_code() {
    let server = TestServer::start("").await;
    let mut ada = Owner::new(&server, "ada").await;
    server.advance(LATER);
    let page = ada.browser.open("/account/password").await;
    let form = page.form("Change the password").with("old_password", PASSWORD);
    let form = form.with("new_password1", OTHER_PASSWORD).with("new_password2", OTHER_PASSWORD);
    let before = server.rows_of("accounts");
    assert_says(&ada.browser.send(&form).await, 422, "Enter the code of your authenticator app.");
    let refused = ada.browser.send(&form.clone().with("code", &server.wrong_code(&ada.phone))).await;
    assert_says(&refused, 422, "This code is not valid");
    assert!(refused.html.contains("change-code-errors\" aria-invalid=\"true\""), "{}", refused.html);
    assert_eq!(server.rows_of("accounts"), before);
    let changed = ada.browser.send(&form.with("code", &ada.code())).await;
    assert_says(&changed, 200, "Your password is changed.");

    server.advance(LATER);
    let page = ada.browser.open("/account/delete").await;
    let password = ("password", OTHER_PASSWORD);
    for button in ["Archive this account", "Delete this account"] {
        let refused = ada.browser.submit(&page, button, &[password]).await;
        assert_says(&refused, 422, "Enter the code of your authenticator app.");
    }
    let deleted =
        ada.browser.submit(&page, "Delete this account", &[password, ("code", &ada.codes[3])]).await;
    assert_says(&deleted, 200, "Your account is deleted.");
    assert_eq!(server.count_accounts(), 0);
    server.ignore_mail();
}

#[tokio::test]
async fn recovery_codes_are_renewed_and_an_app_is_removed() {
    let server = TestServer::start("").await;
    let mut ada = Owner::new(&server, "ada").await;
    let page = ada.browser.open(PAGE).await;
    let page = ada.browser.submit(&page, "Make new recovery codes", &[]).await;
    assert_says(&page, 200, "They are not shown again.");
    let new = recovery_codes(&page.html);
    assert!(new.len() == 10 && new.iter().all(|code| !ada.codes.contains(code)), "{new:?}");

    let page = ada.browser.open(PAGE).await;
    for (entered, sentence) in [
        (vec![("password", PASSWORD)], "This field is required."),
        (vec![("password", PASSWORD), ("code", &ada.codes[0])], "This code is not valid"),
        (vec![("password", "wrong"), ("code", &new[0])], "Invalid password."),
        (vec![("code", &new[0])], "This field is required."),
    ] {
        let refused = ada.browser.submit(&page, "Remove the app", &entered).await;
        assert_says(&refused, 422, sentence);
        assert!(refused.html.matches("aria-invalid=\"true\"").count() == 1, "{}", refused.html);
    }
    let entered = [("password", PASSWORD), ("code", &new[0])];
    let removed = ada.browser.submit(&page, "Remove the app", &entered).await;
    assert_says(&removed, 200, "The authenticator app is removed.");
    assert!(!removed.says("recovery codes are left"), "{}", removed.text());
    let again = ada.browser.submit(&removed, "Set up an app", &[]).await;
    assert!(again.html.contains("<svg") && !again.says("is removed"), "{}", again.text());
    let mut other = PageBrowser::new(&server);
    other.log_in(&ada.email, PASSWORD).await;
    let mails: Vec<_> = server.mails_to(&ada.email).into_iter().rev().take(3).collect();
    for (mail, sentence) in mails.iter().zip([
        "The authenticator app of your account was removed.",
        "A recovery code of your account was used.",
        "The recovery codes of your account were replaced.",
    ]) {
        assert!(mail.plain.contains(sentence), "{}", mail.plain);
    }
}

#[tokio::test]
async fn forged_forms_change_no_second_factor() {
    let server = TestServer::start("").await;
    let (mut ada, mut mia) = (Owner::new(&server, "ada").await, Owner::new(&server, "mia").await);
    ada.browser.add_passkey(&mut SecurityKey::new(), "Key").await;
    let page = ada.browser.open(PAGE).await;
    let registration = ada.browser.submit(&page, "Add a passkey", &[]).await;
    let answer = SecurityKey::new().register(&passkey_options(&registration), ORIGIN).to_string();
    let foreign = field(&mia.browser.open(PAGE).await, "Make new recovery codes", "form_token");
    let before = server.rows();
    for (page, button) in [
        (&page, "Remove the app"),
        (&page, "Rename"),
        (&page, "Remove this passkey"),
        (&page, "Add a passkey"),
        (&page, "Make new recovery codes"),
        (&registration, "Create the passkey"),
    ] {
        let form = page.form(button).with("password", PASSWORD).with("code", &ada.codes[0]);
        let form = form.with("passkey", &answer).with("name", "Mine");
        for site in ["cross-site", "same-site"] {
            let refused = ada.browser.send_from(&form, site).await;
            assert_says(&refused, 403, "The form came from another site");
        }
        for forged in [form.clone().without("form_token"), form.clone().with("form_token", &foreign)] {
            assert_says(&ada.browser.send(&forged).await, 403, "This form is too old");
        }
    }
    // The passkey of another account is as unknown as one that does not exist.
    let id = ("id", field(&page, "Rename", "id"));
    for (action, name) in [("rename_passkey", "Mine"), ("remove_passkey", "")] {
        let form = mia.browser.open(PAGE).await.form("Make new recovery codes").with("action", action);
        let refused = mia.browser.send(&form.with(id.0, &id.1).with("name", name)).await;
        assert_says(&refused, 422, "There is no such passkey.");
    }
    assert_eq!(server.rows(), before);
    server.ignore_mail();
}

#[tokio::test]
async fn passkeys_are_used_renamed_and_removed_by_forms() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let mut key = SecurityKey::new();
    let nameless = browser.add_passkey(&mut key, " ").await;
    assert_says(&nameless, 422, "This field is required.");
    let codes = recovery_codes(&browser.add_passkey(&mut SecurityKey::synced(), "Key <1>").await.html);
    assert_eq!(codes.len(), 10);
    let page = browser.open(PAGE).await;
    assert_says(&page, 200, "Key <1>");
    assert_says(&page, 200, "Copied to your other devices");
    let nameless = browser.submit(&page, "Rename", &[("name", " ")]).await;
    assert_says(&nameless, 422, "This field is required.");
    let page = browser.submit(&page, "Rename", &[("name", "Blue key")]).await;
    assert_says(&page, 200, "The passkey is renamed.");

    // Without the key, a recovery code is enough, and the page says so.
    let mut other = PageBrowser::new(&server);
    let page = other.open("/account/login").await;
    let page = other.submit(&page, "Log in", &[("email", &email), ("password", PASSWORD)]).await;
    assert_says(&page, 200, "If you have lost your passkey, enter a recovery code.");
    let refused = other.submit(&page, "Continue", &[("code", "123456")]).await;
    assert_says(&refused, 422, "If you have lost your passkey, enter a recovery code.");
    assert_eq!(field(&refused, "Use a passkey", "options"), field(&page, "Use a passkey", "options"));
    let page = other.submit(&refused, "Continue", &[("code", &codes[0])]).await;
    assert_eq!(page.address, "/account");
    let page = other.open(PAGE).await;
    let removed = other.submit(&page, "Remove this passkey", &[]).await;
    assert_says(&removed, 200, "The passkey is removed.");
    assert!(!removed.says("recovery codes are left"), "{}", removed.text());
    server.ignore_mail();
}

#[tokio::test]
async fn staff_remove_the_second_factors_of_others_after_a_strong_login() {
    let server = TestServer::start("pages.admin = true\n").await;
    let (mut desk, ada) = (Owner::new(&server, "desk").await, Owner::new(&server, "ada").await);
    server.operator().run(["user", "staff", "desk@example.org"]).done();
    let own = desk.browser.open("/admin/accounts/1").await;
    assert!(!own.has_form("Remove all second factors"), "{}", own.text());
    let page = desk.browser.open("/admin/accounts/2").await;
    assert_says(&page, 200, "Second factor Authenticator app");
    let form = page.form("Remove all second factors");
    let own = own.form("Send a link to choose a password").with("action", "remove_second_factors");
    assert_says(&desk.browser.send(&own).await, 422, "You cannot do this to your own account.");

    server.advance(LATER);
    let before = server.rows_of("authenticators");
    for (entered, sentence) in [
        (&[][..], "Please enter your password."),
        (&[("password", PASSWORD)], "Enter the code of your authenticator app."),
        (&[("password", PASSWORD), ("code", &ada.codes[0])], "This code is not valid"),
    ] {
        let form = entered.iter().fold(form.clone(), |form, (name, value)| form.with(name, value));
        assert_says(&desk.browser.send(&form).await, 422, sentence);
    }
    assert_eq!(server.rows_of("authenticators"), before);
    let (mut browser, _) = ada.log_in("/account/login").await;
    let page = desk.browser.open("/admin/accounts/2").await;
    let entered = [("password", PASSWORD), ("code", &desk.code())];
    let removed = desk.browser.submit(&page, "Remove all second factors", &entered).await;
    assert_says(&removed, 200, "The second factors of the account are removed.");
    assert!(!removed.has_form("Remove all second factors") && removed.says("Second factor Not set up"));
    assert!(server.audit_lines().contains(&"2 second_factors_removed 1".to_owned()));
    assert!(browser.open("/account").await.address.starts_with("/account/login"), "the session lasts");
    PageBrowser::new(&server).log_in(&ada.email, PASSWORD).await;
    let mail = server.mails_to(&ada.email).pop().expect("a mail");
    assert!(mail.plain.contains("An operator removed all second factors"), "{}", mail.plain);
    assert_eq!(server.rows_of("authenticators").len(), 1, "those of another account are removed");
}
