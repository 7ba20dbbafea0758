//! Accounts on the pages for operators.

use pledge4future_auth::accounts::AccountId;
use pledge4future_auth::accounts::admin::{self, links};
use pledge4future_auth::app::App;
use pledge4future_auth::error::Result;
use pledge4future_auth::security::Operator;
use pledge4future_auth::store::audit::StoredActor;

use super::{STAFF, assert_says, create, events_since, log_in_staff, start};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

/// A change of an account: the button of the page, what is entered, and the rule that the command line calls.
type Change = (&'static str, &'static [(&'static str, &'static str)], fn(&App, &str) -> Result<()>);

const CHANGES: [Change; 8] = [
    ("verify", &[], |app, name| admin::verify(app, name).map(drop)),
    ("deactivate", &[], |app, name| admin::set_active(app, name, false).map(drop)),
    ("activate", &[], |app, name| admin::set_active(app, name, true).map(drop)),
    ("give_staff", &[], |app, name| admin::set_staff(app, name, true).map(drop)),
    ("take_staff", &[], |app, name| admin::set_staff(app, name, false).map(drop)),
    ("send_link", &[], |app, name| links::send_password_link(app, name).map(drop)),
    ("log_out", &[], |app, name| admin::log_out(app, name).map(drop)),
    ("set_email", &[("email", "new@example.com")], |app, name| {
        admin::set_email(app, name, "other@example.com", false).map(drop)
    }),
];

async fn create_twins(server: &TestServer) -> [(AccountId, String); 2] {
    let mut twins = Vec::new();
    for name in ["ada", "bea"] {
        let email = server.register(name).await;
        let id = server.run(|app| app.store.read(|db| admin::find(db, name))).ok().expect("an account").id;
        twins.push((id, email));
    }
    twins.try_into().expect("two accounts")
}

#[tokio::test]
async fn the_desk_does_what_the_command_line_does() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let [(ada, _), (bea, _)] = create_twins(&server).await;
    let address = format!("/admin/accounts/{ada}");
    for (button, entered, rule) in CHANGES {
        // `log_out` has a button only if there are sessions.
        if button == "log_out" {
            for email in ["ada@example.org", "bea@example.org"] {
                server.log_in(email, PASSWORD).await;
            }
        }
        let page = browser.open(&address).await;
        let before = server.audit().len();
        let page = browser.submit(&page, button, entered).await;
        assert_eq!(page.status, 200, "{button}: {}", page.text());
        let by_desk = events_since(&server, before, ada, StoredActor::Account(staff));
        let before = server.audit().len();
        let name = server.run(|app| admin_name(app, bea));
        assert!(server.run(|app| rule(app, &name)).is_ok(), "{button}");
        let by_command = events_since(&server, before, bea, StoredActor::Operator);
        assert_eq!(by_desk, by_command, "{button}");
        assert!(!by_desk.is_empty(), "{button}");
    }
    // Both have changed in the same way, and their owners got the same mails.
    let mails = |addresses: [&str; 2]| -> Vec<String> {
        let mails = server.mails().into_iter();
        let mut mails = mails.filter(|mail| addresses.contains(&mail.to[0].as_str()));
        mails.by_ref().map(|mail| mail.subject).collect()
    };
    let of_ada = mails(["ada@example.org", "new@example.com"]);
    assert_eq!(of_ada, mails(["bea@example.org", "other@example.com"]));
    assert!(of_ada.len() >= 4, "{of_ada:?}");
}

fn admin_name(app: &App, id: AccountId) -> String {
    let found = app.store.read(|db| pledge4future_auth::store::accounts::find_by_id(db, id));
    found.expect("a read").expect("an account").email
}

#[tokio::test]
async fn an_operator_ends_one_session_of_an_account() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let [first, second] =
        [server.log_in("ada@example.org", PASSWORD).await, server.log_in("ada@example.org", PASSWORD).await];
    let page = browser.open(&format!("/admin/accounts/{ada}")).await;
    let form = page.form("End this session");
    let page = browser.send(&form).await;
    assert_says(&page, 200, "The session of the account has ended.");
    let alive = [&first, &second].map(|person| server.account_of(&person.token));
    let [one, other] = alive;
    assert_ne!(one.await.is_null(), other.await.is_null(), "not exactly one session has ended");
    assert_eq!(server.audit_lines().pop(), Some(format!("{ada} session_revoked {staff}")));
    assert_says(&browser.send(&form).await, 422, "There is no such session.");
}

#[tokio::test]
async fn an_operator_creates_an_account_whose_owner_chooses_the_password() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let page = browser.open("/admin/accounts").await;
    let page = browser.open(&page.link("Create an account")).await;
    let refused = browser.submit(&page, "Create the account", &[("email", STAFF)]).await;
    assert_says(&refused, 422, "User with this Email already exists.");
    let values = [("email", "ada@example.org"), ("username", "ada"), ("staff", "on")];
    let page = browser.submit(&page, "Create the account", &values).await;
    assert_says(&page, 200, "We have mailed its owner a link");
    let id: AccountId =
        page.address["/admin/accounts/".len()..].split('?').next().expect("an id").parse().expect("an id");
    assert_eq!(
        server.audit_lines()[4..],
        [format!("{id} registered {staff}"), format!("{id} staff_given {staff}")]
    );
    let token = server.mailed_token("ada@example.org");
    let mut owner = PageBrowser::new(&server);
    let page = owner.open(&format!("/password-set/{token}")).await;
    let passwords = [("new_password1", PASSWORD), ("new_password2", PASSWORD)];
    let page = owner.submit(&page, "Set this password", &passwords).await;
    assert_eq!(page.address, "/done/first-password");
    owner.log_in("ada@example.org", PASSWORD).await;
    assert_says(&owner.open("/admin").await, 200, "All accounts");
    server.ignore_mail();
}

#[tokio::test]
async fn a_sent_link_resets_the_password() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let page = browser.open(&format!("/admin/accounts/{ada}")).await;
    let page = browser.submit(&page, "Send a link to choose a password", &[]).await;
    assert_says(&page, 200, "We have mailed the owner a link to choose a password.");
    assert_eq!(server.audit_lines().pop(), Some(format!("{ada} reset_requested {staff}")));
    let token = server.mailed_token("ada@example.org");
    assert_eq!(server.reset_password(&token, "harbor.Quartz.88").await["success"], true);
    server.ignore_mail();
}

#[tokio::test]
async fn deletion_needs_a_confirmation_and_erases() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let page = browser.open(&format!("/admin/accounts/{ada}")).await;
    let refused = browser.submit(&page, "Delete the account", &[]).await;
    assert_says(&refused, 422, "Tick the box");
    assert_eq!(server.count_accounts(), 2);
    let page = browser.submit(&page, "Delete the account", &[("confirmed", "on")]).await;
    assert_says(&page, 200, "The account and its data are erased.");
    assert_eq!(server.count_accounts(), 1);
    assert_eq!(server.audit_lines().pop(), Some(format!("{ada} deleted {staff}")));
    assert_eq!(browser.open(&format!("/admin/accounts/{ada}")).await.status, 404);
}

#[tokio::test]
async fn staff_cannot_lock_themselves_out() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let page = browser.open(&format!("/admin/accounts/{staff}")).await;
    assert_says(&page, 200, "This is your own account.");
    assert!(!page.has_form("Deactivate") && !page.has_form("Delete the account"));
    let form = page.form("Send a link to choose a password");
    let before = server.rows_of("accounts");
    for action in ["deactivate", "take_staff", "delete"] {
        let form = form.clone().with("action", action).with("confirmed", "on");
        assert_says(&browser.send(&form).await, 422, "You cannot do this to your own account.");
    }
    assert_eq!(server.rows_of("accounts"), before);
    let viewer = pledge4future_auth::security::Viewer::default();
    let rule = |app: &App| admin::set_staff(Operator::staff(app, &viewer), STAFF, false).is_ok();
    assert!(!server.run(rule), "a rule of staff runs without a login");
}

#[tokio::test]
async fn an_operator_downloads_the_data_of_an_account() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    let page = browser.open(&format!("/admin/accounts/{ada}")).await;
    let before = server.audit().len();
    let file = browser.submit(&page, "Download the data", &[]).await;
    let data: serde_json::Value = serde_json::from_str(&file.html).expect("a file in JSON");
    assert_eq!(data["addresses"]["primary"], "ada@example.org");
    let exported = ("data_exported".to_owned(), None);
    assert_eq!(events_since(&server, before, ada, StoredActor::Account(staff)), [exported]);
}
