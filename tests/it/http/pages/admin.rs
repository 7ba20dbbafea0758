//! The pages for operators, as staff use them without JavaScript.

mod accounts;
mod groups;
mod invitations;
mod lists;
mod mails;

use std::time::Duration;

use pledge4future_auth::accounts::AccountId;
use pledge4future_auth::accounts::admin::{self, Creation};
use pledge4future_auth::store::audit::{Entry, StoredActor};
use reqwest::Method;

use crate::support::page_browser::{BrowserPage, PageBrowser};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

const STAFF: &str = "desk@example.org";
const PATHS: [&str; 14] = [
    "/admin",
    "/admin/accounts",
    "/admin/accounts/new",
    "/admin/accounts/1",
    "/admin/mail",
    "/admin/audit",
    "/admin/institutions",
    "/admin/institutions/new",
    "/admin/institutions/0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01",
    "/admin/research-fields",
    "/admin/groups",
    "/admin/groups/new",
    "/admin/invitations",
    "/admin/settings",
];

/// Starts a server with pages for operators.
async fn start() -> TestServer {
    TestServer::start("pages.admin = true\n").await
}

/// Creates a verified account as an operator does.
fn create(server: &TestServer, email: &str, is_staff: bool) -> AccountId {
    let password = Some(PASSWORD.to_owned());
    let new =
        Creation { email: email.to_owned(), is_verified: true, is_staff, password, ..Creation::default() };
    let Ok(account) = server.run(|app| admin::create(app, &new)) else { panic!("no account was created") };
    account.id
}

/// Returns a browser in which a member of staff has just logged in, and the id of that account.
async fn log_in_staff(server: &TestServer) -> (PageBrowser<'_>, AccountId) {
    let id = create(server, STAFF, true);
    let mut browser = PageBrowser::new(server);
    browser.log_in(STAFF, PASSWORD).await;
    (browser, id)
}

/// Returns the events after the first `count` entries with their details. They must be by `actor`, about `account`.
fn events_since(
    server: &TestServer,
    count: usize,
    account: impl Into<Option<AccountId>>,
    actor: StoredActor,
) -> Vec<(String, Option<String>)> {
    let account = account.into();
    let entries = server.audit().split_off(count);
    let event = |entry: Entry| {
        assert_eq!((entry.account, entry.actor), (account, actor), "{entry:?}");
        (entry.event, entry.detail)
    };
    entries.into_iter().map(event).collect()
}

#[track_caller]
fn assert_says(page: &BrowserPage, status: u16, sentence: &str) {
    assert_eq!(page.status, status, "{}: {}", page.address, page.text());
    assert!(page.says(sentence), "{}: {}", page.address, page.text());
}

#[tokio::test]
async fn pages_for_operators_exist_only_with_the_setting() {
    let server = TestServer::start("").await;
    let (mut browser, _) = log_in_staff(&server).await;
    for path in PATHS {
        assert_eq!(browser.open(path).await.status, 404, "{path}");
        assert_eq!(browser.request(server.raw(Method::POST, path)).await.status(), 404, "{path}");
    }
    assert!(!browser.open("/account").await.says("Administration"));
}

#[tokio::test]
async fn pages_for_operators_are_only_for_staff() {
    let server = start().await;
    server.import(crate::support::SEED);
    let (mut staff, _) = log_in_staff(&server).await;
    let page = staff.open("/account").await;
    assert_eq!(page.link("Administration"), "/admin");
    for path in PATHS {
        let page = staff.open(path).await;
        assert_eq!((page.status, page.address.as_str()), (200, path), "{}", page.text());
    }
    let form = staff.open("/admin/accounts/1").await.form("deactivate");
    create(&server, "plain@example.org", false);
    let mut plain = PageBrowser::new(&server);
    let page = plain.log_in("plain@example.org", PASSWORD).await;
    assert!(!page.says("Administration"));
    let token = page.form("Log out").fields[0].1.clone();
    let form = form.with("form_token", &token);
    let before = server.rows();
    for path in PATHS {
        assert_says(&plain.open(path).await, 404, "There is nothing here");
    }
    assert_says(&plain.send(&form).await, 404, "There is nothing here");
    let mut anonymous = PageBrowser::new(&server);
    for path in PATHS {
        let page = anonymous.open(path).await;
        assert!(page.address.starts_with("/account/login?next=%2Fadmin"), "{}", page.address);
    }
    assert!(anonymous.send(&form).await.address.starts_with("/account/login"));
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn changes_need_a_password_that_was_entered_recently() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let address = format!("/admin/accounts/{ada}");
    let early = browser.open(&address).await;
    assert!(!early.says("You logged in a while ago"));
    server.advance(Duration::from_mins(6));
    let before = server.audit().len();
    // The form that was opened before has no field for the password.
    let page = browser.submit(&early, "Deactivate", &[]).await;
    assert_says(&page, 422, "Please enter your password.");
    let page = browser.submit(&page, "Deactivate", &[("password", "wrong-Password-9")]).await;
    assert_says(&page, 422, "Invalid password.");
    assert_eq!(
        events_since(&server, before, staff, StoredActor::Owner),
        [("password_refused".to_owned(), None)]
    );
    let page = browser.submit(&page, "Deactivate", &[("password", PASSWORD)]).await;
    assert_says(&page, 200, "The account is deactivated");
    assert_eq!(server.audit_lines().pop(), Some(format!("{ada} deactivated {staff}")));
    // The password was entered a moment ago.
    let page = browser.submit(&page, "Activate", &[]).await;
    assert_says(&page, 200, "The account is active.");
}

#[tokio::test]
async fn an_idle_operator_is_asked_for_the_password() {
    let server = start().await;
    let (mut browser, _) = log_in_staff(&server).await;
    for minutes in [29, 29] {
        server.advance(Duration::from_mins(minutes));
        assert_eq!(browser.open("/admin/audit").await.address, "/admin/audit");
    }
    server.advance(Duration::from_mins(31));
    let page = browser.open("/admin/audit?event=logged_in").await;
    assert!(page.address.starts_with("/account/confirm?next="), "{}", page.address);
    let page = browser.submit(&page, "Continue", &[("password", PASSWORD)]).await;
    assert_eq!(page.address, "/admin/audit?event=logged_in");
}

#[tokio::test]
async fn staff_without_rights_can_no_longer_change_anything() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let page = browser.open(&format!("/admin/accounts/{ada}")).await;
    server.run(|app| admin::set_staff(app, STAFF, false)).ok().expect("a change");
    let before = server.rows();
    assert_says(&browser.submit(&page, "Deactivate", &[]).await, 404, "There is nothing here");
    assert_eq!(browser.open("/admin").await.status, 404);
    assert_eq!(server.rows(), before);
    server.run(|app| admin::set_staff(app, STAFF, true)).ok().expect("a change");
    server.run(|app| admin::set_active(app, STAFF, false)).ok().expect("a change");
    let page = browser.submit(&page, "Deactivate", &[]).await;
    assert!(page.address.starts_with("/account/login"), "{}", page.address);
    assert_eq!(server.audit_lines().pop(), Some(format!("{staff} deactivated operator")));
}

#[tokio::test]
async fn forged_forms_of_operators_are_refused() {
    let server = start().await;
    let (mut browser, _) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let address = format!("/admin/accounts/{ada}");
    let form = browser.open(&address).await.form("Deactivate");
    create(&server, "bea@example.org", true);
    let mut other = PageBrowser::new(&server);
    other.log_in("bea@example.org", PASSWORD).await;
    let foreign = other.open(&address).await.form("Deactivate");
    let before = server.rows_of("accounts");
    for forged in [form.clone().without("form_token"), form.clone().with("form_token", "x"), foreign] {
        assert_says(&browser.send(&forged).await, 403, "This form is too old");
    }
    for site in ["cross-site", "same-site"] {
        let page = browser.send_from(&form, site).await;
        assert_says(&page, 403, "The form came from another site");
    }
    assert_eq!(server.rows_of("accounts"), before);
    assert_says(&browser.send(&form).await, 200, "The account is deactivated");
}
