//! The pages of accounts in a browser: with and without scripts, on a desktop and on a phone.

use pledge4future_auth::groups;
use serde_json::{Value, json};

use super::life::{represent, start};
use crate::support::browser::Browser;
use crate::support::graphiql_sources::copy_with_packages;
use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::server::TestServer;

pub(super) const DESKTOP: (u32, u32) = (1200, 900);
pub(super) const PHONE: (u32, u32) = (390, 844);

#[tokio::test]
async fn a_person_lives_from_registration_to_erasure_on_a_desktop() {
    let Some(browser) = Browser::start().await else { return };
    live(&browser, DESKTOP).await;
}

#[tokio::test]
async fn a_person_lives_from_registration_to_erasure_on_a_phone_without_scripts() {
    let Some(browser) = Browser::start_without_scripts().await else { return };
    live(&browser, PHONE).await;
}

/// Registers, uses every page of an account, and deletes the account.
async fn live(browser: &Browser, size: (u32, u32)) {
    let server = start("").await;
    browser.resize(size).await;
    browser.open(&server, "/").await;
    browser.click("a[href='/account/register']").await;
    let entered = [("email", "ada@example.org"), ("password1", PASSWORD), ("password2", PASSWORD)];
    browser.submit("Create an account", &entered).await;
    browser.wait_for_url(&server, "/done/registration").await;
    browser.open(&server, &format!("/activate/{}", server.mailed_token("ada@example.org"))).await;
    browser.submit("Activate ada@example.org", &[]).await;
    browser.wait_for_url(&server, "/done/activation").await;
    browser.click("main a.button").await;
    browser.submit("Log in", &[("email", "ada@example.org"), ("password", "wrong")]).await;
    assert_eq!(browser.wait_for("[role=alert] p").await, "Please, enter valid credentials.");
    browser.submit("Log in", &[("email", "ada@example.org"), ("password", PASSWORD)]).await;
    browser.wait_for_url(&server, "/account").await;

    browser.click("a[href='/account/profile']").await;
    browser.submit("Save", &[("first_name", "Ada"), ("last_name", "King")]).await;
    browser.wait_for_status("Your changes are saved.").await;
    browser.click("a[href='/account/emails']").await;
    browser.submit("Send the mail", &[("email", "ada@example.net")]).await;
    browser.wait_for_status("We have mailed a link to this address. Open it to confirm the address.").await;
    browser.open(&server, &format!("/activate/{}", server.mailed_token("ada@example.net"))).await;
    browser.submit("Confirm ada@example.net", &[]).await;
    browser.wait_for_url(&server, "/done/secondary-address").await;
    browser.open(&server, "/account/emails").await;
    browser.submit("Make ada@example.net the primary address", &[]).await;
    browser.wait_for_status("Your addresses are swapped.").await;
    browser.click("a[href='/account/password']").await;
    let passwords =
        [("old_password", PASSWORD), ("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    browser.submit("Change the password", &passwords).await;
    browser.wait_for_status("Your password is changed. You are logged out on all other devices.").await;

    browser.click("a[href='/account/group']").await;
    browser.click("a[href='/account/group/new']").await;
    browser.submit("Search", &[("q", "heidelberg")]).await;
    browser.wait_for("input[name=institution]:checked").await;
    browser.submit("Create the working group", &[("name", "Tides")]).await;
    browser.wait_for_status("The working group is created. You represent it.").await;
    browser.submit("Delete Tides", &[]).await;
    browser.wait_for_status("The working group is deleted.").await;
    browser.click("a[href='/account/activity']").await;
    browser.wait_for(".entries").await;
    browser.open(&server, "/account/delete").await;
    browser.submit("Delete this account", &[("password", OTHER_PASSWORD)]).await;
    browser.wait_for_status("Your account is deleted.").await;
    assert_eq!(server.count_accounts(), 0);
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn institutions_appear_while_somebody_types() {
    let Some(browser) = Browser::start().await else { return };
    let server = start("").await;
    let email = server.register_verified("ada").await;
    browser.open(&server, "/account/login?next=/account/group/new").await;
    browser.submit("Log in", &[("email", &email), ("password", PASSWORD)]).await;
    browser.type_text("#q", "oslo").await;
    browser.wait_for("input[name=institution]").await;
    browser.wait_until("document.querySelector('#institutions').innerText.includes('Oslo')").await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
}

/// Starts a server on which a person with everything that pages show is logged in with the browser.
pub(super) async fn with_person(browser: &Browser, settings: &str) -> TestServer {
    let server = start(&format!("{settings}[pages.branding]\nname = \"Carbon & Friends\"\n")).await;
    let ada = server.sign_up("ada").await;
    ada.add_secondary_email(&server, "ada@example.net").await;
    let mut pages = represent(&server, &ada.email).await;
    let page = pages.open("/account/group").await;
    pages.submit(&page, "Send the invitation", &[("email", "zoe@example.org")]).await;
    browser.open(&server, "/account/login").await;
    browser.submit("Log in", &[("email", &ada.email), ("password", PASSWORD)]).await;
    browser.wait_for_url(&server, "/account").await;
    server
}

const PAGES: [(&str, &str); 15] = [
    ("front", "/"),
    ("overview", "/account"),
    ("profile", "/account/profile"),
    ("emails", "/account/emails"),
    ("password", "/account/password"),
    ("sessions", "/account/sessions"),
    ("activity", "/account/activity"),
    ("group", "/account/group"),
    ("group-find", "/account/group/find"),
    ("group-new", "/account/group/new?q=heidelberg"),
    ("data", "/account/data"),
    ("delete", "/account/delete"),
    ("confirm", "/account/confirm"),
    ("login", "/account/login"),
    ("register", "/account/register"),
];

#[tokio::test]
async fn no_page_of_an_account_violates_accessibility_rules() {
    let Some(browser) = Browser::start().await else { return };
    let Some(check) = accessibility_check() else { return };
    let server = with_person(&browser, "").await;
    for looks in LOOKS {
        browser.resize(looks.size).await;
        browser.prefer(looks.language, looks.is_dark).await;
        for (name, path) in PAGES {
            if path == "/account/login" {
                browser.open(&server, "/account").await;
                browser.click("form.log-out button").await;
                browser.wait_for("#password").await;
            }
            browser.open(&server, path).await;
            assert_accessible(&browser, &check, name, &looks).await;
        }
        browser.submit(if looks.language == "en" { "Create an account" } else { "Konto anlegen" }, &[]).await;
        browser.open(&server, "/account/login").await;
        let button = if looks.language == "en" { "Log in" } else { "Anmelden" };
        browser.submit(button, &[("email", "ada@example.org"), ("password", PASSWORD)]).await;
        browser.wait_for_url(&server, "/account").await;
    }
    server.ignore_mail();
}

/// The pages for operators, on a site with the data of [`with_person`].
const ADMIN_PAGES: [(&str, &str); 16] = [
    ("admin", "/admin"),
    ("admin-accounts", "/admin/accounts"),
    ("admin-account", "/admin/accounts/1"),
    ("admin-account-new", "/admin/accounts/new"),
    ("admin-mails", "/admin/mail"),
    ("admin-mail", "/admin/mail/1"),
    ("admin-audit", "/admin/audit"),
    ("admin-institutions", "/admin/institutions"),
    ("admin-institution", "/admin/institutions/0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01"),
    ("admin-institution-new", "/admin/institutions/new"),
    ("admin-fields", "/admin/research-fields"),
    ("admin-field", "/admin/research-fields/1"),
    ("admin-groups", "/admin/groups"),
    ("admin-group-new", "/admin/groups/new"),
    ("admin-invitations", "/admin/invitations"),
    ("admin-settings", "/admin/settings"),
];

#[tokio::test]
async fn no_page_for_operators_violates_accessibility_rules() {
    let Some(browser) = Browser::start().await else { return };
    let Some(check) = accessibility_check() else { return };
    let server = with_person(&browser, "pages.admin = true\n").await;
    server.operator().run(["user", "staff", "ada@example.org"]).done();
    let group = server.run(groups::admin::list).ok().expect("groups").remove(0).group.id;
    server.invite("gus@example.org", Some(&group));
    let group = format!("/admin/groups/{group}");
    for looks in LOOKS {
        browser.resize(looks.size).await;
        browser.prefer(looks.language, looks.is_dark).await;
        for (name, path) in ADMIN_PAGES.into_iter().chain([("admin-group", group.as_str())]) {
            browser.open(&server, path).await;
            assert_accessible(&browser, &check, name, &looks).await;
        }
    }
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

/// How a page is looked at.
pub(super) struct Looks {
    pub(super) language: &'static str,
    pub(super) is_dark: bool,
    pub(super) size: (u32, u32),
    pub(super) name: &'static str,
}

pub(super) const LOOKS: [Looks; 2] = [
    Looks { language: "en", is_dark: false, size: DESKTOP, name: "light-en" },
    Looks { language: "de", is_dark: true, size: PHONE, name: "dark-phone-de" },
];

/// Asserts that the page is accessible, in its language, and not too wide.
pub(super) async fn assert_accessible(browser: &Browser, check: &str, name: &str, looks: &Looks) {
    let Looks { language, name: shown, .. } = looks;
    assert_eq!(violations(browser, check).await, json!([]), "{name}, {shown}");
    assert_eq!(browser.run_script("return document.documentElement.lang").await, *language, "{name}");
    let is_wider = "return document.documentElement.scrollWidth > window.innerWidth";
    assert_eq!(browser.run_script(is_wider).await, json!(false), "{name} is too wide, {shown}");
    browser.picture(&format!("{name}-{shown}")).await;
}

/// Returns the script of axe-core, or `None` without the packages of npm.
pub(super) fn accessibility_check() -> Option<String> {
    let script = copy_with_packages()?.join("node_modules/axe-core/axe.min.js");
    Some(std::fs::read_to_string(script).expect("a script"))
}

/// Runs axe-core in a page. Returns what it found.
pub(super) async fn violations(browser: &Browser, check: &str) -> Value {
    browser.run_script(check).await;
    let script = "const done = arguments[arguments.length - 1]; \
        axe.run({ resultTypes: ['violations'] }).then(found => done(found.violations.map(it => it.id + ': ' + it.nodes[0].html)));";
    browser.client.execute_async(script, Vec::new()).await.expect("a verdict")
}
