//! The life of an account on the pages, without JavaScript.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_DISPOSITION;
use serde_json::{Value, json};

use crate::support::SEED;
use crate::support::page_browser::PageBrowser;
use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::server::TestServer;

/// Starts a server with the institutions and research fields of the seed.
pub(super) async fn start(toml: &str) -> TestServer {
    let server = TestServer::start(toml).await;
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["users"] = json!([]);
    server.import(&seed.to_string());
    server
}

impl PageBrowser<'_> {
    /// Creates a working group in Heidelberg, which others can find.
    pub(super) async fn create_group(&mut self, name: &str) {
        let page = self.open("/account/group/new?q=heidelberg").await;
        let group = [("name", name), ("employees", "7"), ("is_public", "on")];
        let created = self.submit(&page, "Create the working group", &group).await;
        assert!(created.says("The working group is created."), "{}", created.text());
    }
}

/// Makes the verified account `ada` represent the group Tides, with eve as a member and a join request of mia. Returns a browser
/// in which ada is logged in.
pub(super) async fn represent<'a>(server: &'a TestServer, ada: &str) -> PageBrowser<'a> {
    let mut browser = PageBrowser::new(server);
    browser.log_in(ada, PASSWORD).await;
    browser.create_group("Tides").await;
    for name in ["eve", "mia"] {
        let email = server.register_verified(name).await;
        let mut other = PageBrowser::new(server);
        other.log_in(&email, PASSWORD).await;
        let page = other.open("/account/group/find").await;
        other.submit(&page, "Ask to join: Tides", &[]).await;
    }
    let page = browser.open("/account/group").await;
    browser.submit(&page, "Accept: eve", &[]).await;
    browser
}

#[tokio::test]
async fn a_person_registers_activates_and_logs_in_on_pages() {
    let server = TestServer::start("").await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.open("/").await;
    let page = browser.open(&page.link("Create an account With your e-mail address")).await;
    let mut entered = vec![("email", "ada@example.org"), ("password1", PASSWORD), ("password2", "kelp")];
    let refused = browser.submit(&page, "Create an account", &entered).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("The two password fields didn’t match."), "{}", refused.text());
    assert!(refused.html.contains("value=\"ada@example.org\"") && !refused.html.contains(PASSWORD));
    entered[2].1 = PASSWORD;
    let registered = browser.submit(&refused, "Create an account", &entered).await;
    assert_eq!(registered.address, "/done/registration");

    let page = browser.open("/account/login").await;
    let login = [("email", "ada@example.org"), ("password", PASSWORD)];
    let refused = browser.submit(&page, "Log in", &login).await;
    assert!(refused.status == 422 && refused.says("Please verify your account."), "{}", refused.text());
    let link = format!("/activate/{}", server.mailed_token("ada@example.org"));
    let page = browser.open(&link).await;
    assert!(browser.submit(&page, "Activate ada@example.org", &[]).await.says("Your account is active"));
    let account = browser.log_in("ada@example.org", PASSWORD).await;
    assert!(account.says("ada@example.org") && account.says("You logged in."), "{}", account.text());
    let again = browser.open("/account/login").await;
    assert_eq!(again.address, "/account", "the login is shown to somebody who is logged in");
    let out = browser.submit(&account, "Log out", &[]).await;
    assert!(out.says("You are logged out."), "{}", out.text());
    assert_eq!(browser.open("/account/profile").await.address, "/account/login?next=%2Faccount%2Fprofile");
}

#[tokio::test]
async fn names_and_addresses_are_changed_on_pages() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let page = browser.open("/account/profile").await;
    let names = [("first_name", "Ada"), ("last_name", "King"), ("academic_title", "DR")];
    let saved = browser.submit(&page, "Save", &names).await;
    assert!(saved.says("Your changes are saved.") && saved.says("Ada King"), "{}", saved.text());
    let refused = browser.submit(&saved, "Save", &[("first_name", &"x".repeat(30))]).await;
    assert!(refused.status == 422 && refused.says("at most 25 characters"), "{}", refused.text());

    let page = browser.open("/account/emails").await;
    let sent = browser.submit(&page, "Send the mail", &[("email", "ada@example.net")]).await;
    assert!(sent.says("We have mailed a link to this address."), "{}", sent.text());
    let link = browser.open(&format!("/activate/{}", server.mailed_token("ada@example.net"))).await;
    browser.submit(&link, "Confirm ada@example.net", &[]).await;
    let page = browser.open("/account/emails").await;
    let swapped = browser.submit(&page, "Make ada@example.net the primary address", &[]).await;
    assert!(swapped.says("Your addresses are swapped."), "{}", swapped.text());
    let removed = browser.submit(&swapped, "Remove ada@example.org", &[]).await;
    assert!(removed.says("The secondary address is removed."), "{}", removed.text());
    let owner = server.log_in("ada@example.net", PASSWORD).await;
    let me = owner.me(&server).await;
    assert_eq!((&me["firstName"], &me["secondaryEmail"]), (&json!("Ada"), &Value::Null), "{me}");
    server.ignore_mail();
}

#[tokio::test]
async fn a_change_of_the_password_logs_out_all_other_devices() {
    let server = TestServer::start("").await;
    let phone = server.sign_up("ada").await;
    let (mut laptop, mut tablet) = (PageBrowser::new(&server), PageBrowser::new(&server));
    laptop.log_in(&phone.email, PASSWORD).await;
    tablet.log_in(&phone.email, PASSWORD).await;
    let page = laptop.open("/account/password").await;
    let passwords =
        [("old_password", PASSWORD), ("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    let wrong = laptop.submit(&page, "Change the password", &[("old_password", "wrong")]).await;
    assert!(wrong.status == 422 && wrong.says("Invalid password."), "{}", wrong.text());
    let changed = laptop.submit(&wrong, "Change the password", &passwords).await;
    assert!(changed.says("Your password is changed."), "{}", changed.text());
    assert_eq!(laptop.open("/account/sessions").await.status, 200);
    assert!(tablet.open("/account").await.says("Log in"), "the other browser is logged in");
    assert_eq!(phone.me(&server).await, Value::Null);
    server.ignore_mail();
}

#[tokio::test]
async fn sessions_are_listed_with_their_devices_and_ended() {
    let server = TestServer::start("").await;
    let phone = server.sign_up("ada").await;
    let mut laptop = PageBrowser::new(&server);
    laptop.log_in(&phone.email, PASSWORD).await;
    let page = laptop.open("/account/sessions").await;
    assert!(page.says("this session") && page.says("127.0.0.1"), "{}", page.text());
    let ended = laptop.submit(&page, "End this session", &[]).await;
    assert!(ended.says("The session has ended."), "{}", ended.text());
    assert_eq!(phone.me(&server).await, Value::Null, "the session of the token lasts");
    let (phone, mut tablet) = (server.log_in(&phone.email, PASSWORD).await, PageBrowser::new(&server));
    tablet.log_in(&phone.email, PASSWORD).await;
    let page = laptop.open("/account/sessions").await;
    let ended = laptop.submit(&page, "End all other sessions", &[]).await;
    assert!(ended.says("All other sessions have ended."), "{}", ended.text());
    assert_eq!(phone.me(&server).await, Value::Null);
    assert!(tablet.open("/account").await.address.starts_with("/account/login"));
    let log = laptop.open("/account/activity").await;
    assert!(log.says("All other sessions were ended.") && log.says("A session was ended."), "{}", log.text());
}

#[tokio::test]
async fn an_account_is_archived_and_then_deleted_on_pages() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&email, PASSWORD).await;
    let page = browser.open("/account/delete").await;
    let wrong = browser.submit(&page, "Archive this account", &[("password", "wrong")]).await;
    assert!(wrong.status == 422 && wrong.says("Invalid password."), "{}", wrong.text());
    let archived = browser.submit(&wrong, "Archive this account", &[("password", PASSWORD)]).await;
    assert!(archived.says("Your account is archived."), "{}", archived.text());
    let login = [("email", email.as_str()), ("password", PASSWORD)];
    let back = browser.submit(&archived, "Log in", &login).await;
    assert!(back.says("Your account is no longer archived."), "{}", back.text());
    let page = browser.open("/account/delete").await;
    let deleted = browser.submit(&page, "Delete this account", &[("password", PASSWORD)]).await;
    assert!(deleted.says("Your account is deleted."), "{}", deleted.text());
    assert_eq!(server.count_accounts(), 0);
    assert!(browser.submit(&deleted, "Log in", &login).await.says("Please, enter valid credentials."));
    server.ignore_mail();
}

#[tokio::test]
async fn a_representative_looks_after_a_working_group_on_pages() {
    let server = start("").await;
    let (ada, eve) = (server.register_verified("ada").await, server.register_verified("eve").await);
    let (mut head, mut member) = (PageBrowser::new(&server), PageBrowser::new(&server));
    head.log_in(&ada, PASSWORD).await;
    member.log_in(&eve, PASSWORD).await;
    let page = head.open("/account/group").await;
    let page = head.open(&page.link("Create a working group")).await;
    let page = head.submit(&page, "Search", &[("q", "heidelberg")]).await;
    assert!(page.says("Heidelberg University"), "{}", page.text());
    head.create_group("Tides & <Winds>").await;

    let page = member.open("/account/group/find?q=tides").await;
    let asked = member.submit(&page, "Ask to join: Tides & <Winds>", &[]).await;
    assert!(asked.says("Your request is sent.") && asked.says("Waiting for an answer"), "{}", asked.text());
    assert!(head.open("/account").await.says("One person asks to join your working group."));
    let page = head.open("/account/group").await;
    let accepted = head.submit(&page, "Accept: eve", &[]).await;
    assert!(accepted.says("The request is accepted.") && accepted.says("eve@example.org"));
    let handed_over = head.submit(&accepted, "Make representative: eve", &[]).await;
    assert!(handed_over.says("The group has another representative now."), "{}", handed_over.text());
    let left = head.submit(&handed_over, "Leave Tides & <Winds>", &[]).await;
    assert!(left.says("You have left the working group."), "{}", left.text());
    let page = member.open("/account/group").await;
    server.advance(Duration::from_mins(6));
    let refused = member.submit(&page, "Delete Tides & <Winds>", &[]).await;
    assert!(refused.says("Please enter your password."), "{}", refused.text());
    let deleted = member.submit(&refused, "Delete Tides & <Winds>", &[("password", PASSWORD)]).await;
    assert!(deleted.says("The working group is deleted."), "{}", deleted.text());
    server.ignore_mail();
}

#[tokio::test]
async fn an_invited_person_registers_into_the_group() {
    let server = start("accounts.registration = \"invited\"\n").await;
    let mut visitor = PageBrowser::new(&server);
    let page = visitor.open("/account/register").await;
    assert!(page.says("You need an invitation") && !page.has_form("Create an account"), "{}", page.text());
    let head = server.operator();
    head.run(["user", "create", "--email", "ada@example.org", "--verified", "--no-password"]).done();
    let reset = visitor.open("/password-reset").await;
    visitor.submit(&reset, "Send the mail", &[("email", "ada@example.org")]).await;
    let link = format!("/password-reset/{}", server.mailed_token("ada@example.org"));
    let page = visitor.open(&link).await;
    let passwords = [("new_password1", PASSWORD), ("new_password2", PASSWORD)];
    visitor.submit(&page, "Set this password", &passwords).await;
    let mut head = PageBrowser::new(&server);
    head.log_in("ada@example.org", PASSWORD).await;
    head.create_group("Tides").await;
    let page = head.open("/account/group").await;
    let invited = head.submit(&page, "Send the invitation", &[("email", "eve@example.org")]).await;
    assert!(invited.says("The invitation is sent.") && invited.says("Works until"), "{}", invited.text());

    let mail = server.mails_to("eve@example.org").pop().expect("a mail").text;
    let link = regex::Regex::new("/invitation/[0-9a-f]+").expect("a pattern").find(&mail).expect("a link");
    let mut guest = PageBrowser::new(&server);
    let page = guest.open(link.as_str()).await;
    assert!(page.says("Tides") && page.says("eve@example.org"), "{}", page.text());
    let other = [("email", "mia@example.org"), ("password1", PASSWORD), ("password2", PASSWORD)];
    let refused = guest.submit(&page, "Create an account", &other).await;
    assert_eq!(refused.status, 422, "another address is accepted: {}", refused.text());
    let registered = guest.submit(&page, "Create an account", &other[1..]).await;
    assert!(registered.says("Your account is ready"), "{}", registered.text());
    guest.log_in("eve@example.org", PASSWORD).await;
    assert!(guest.open("/account/group").await.says("Tides"));
    let again = PageBrowser::new(&server).open(link.as_str()).await;
    assert!(again.status == 410 && again.says("This invitation no longer works"), "{}", again.text());
    server.ignore_mail();
}

#[tokio::test]
async fn the_owner_of_an_account_accepts_an_invitation_after_logging_in() {
    let server = start("").await;
    let (ada, eve) = (server.register_verified("ada").await, server.register_verified("eve").await);
    let mut head = PageBrowser::new(&server);
    head.log_in(&ada, PASSWORD).await;
    head.create_group("Tides").await;
    let page = head.open("/account/group").await;
    head.submit(&page, "Send the invitation", &[("email", &eve)]).await;
    let mail = server.mails_to(&eve).pop().expect("a mail").text;
    let link = regex::Regex::new("/invitation/[0-9a-f]+").expect("a pattern").find(&mail).expect("a link");
    let page = head.open(link.as_str()).await;
    assert!(page.says("You are logged in with another address.") && !page.has_form("Accept the invitation"));
    let mut guest = PageBrowser::new(&server);
    let page = guest.open(link.as_str()).await;
    let page = guest.submit(&page, "Log in to accept", &[]).await;
    assert_eq!(page.address, "/account/login", "the token is in the address: {}", page.address);
    let page = guest.submit(&page, "Log in", &[("email", &eve), ("password", PASSWORD)]).await;
    let joined = guest.submit(&page, "Accept the invitation", &[]).await;
    assert!(joined.says("You are now a member of this working group."), "{}", joined.text());
}

#[tokio::test]
async fn an_invitation_announces_a_group_whose_name_is_not_shown() {
    let server = start("").await;
    let ada = server.register_verified("ada").await;
    let mut head = PageBrowser::new(&server);
    head.log_in(&ada, PASSWORD).await;
    head.create_group("https://www.example.com/win").await;
    let page = head.open("/account/group").await;
    head.submit(&page, "Send the invitation", &[("email", "eve@example.org")]).await;
    let link = format!("/invitation/{}", server.invitation_token("eve@example.org"));
    let page = PageBrowser::new(&server).open(&link).await;
    assert!(page.says("invites you to a working group") && !page.says("win"), "{}", page.text());
}

#[tokio::test]
async fn an_unverified_account_cannot_accept_an_invitation() {
    let server = start("accounts.login_unverified = true\n").await;
    let eve = server.register("eve").await;
    let link = format!("/invitation/{}", server.invite(&eve, None));
    let mut guest = PageBrowser::new(&server);
    let page = guest.open("/account/login").await;
    guest.submit(&page, "Log in", &[("email", &eve), ("password", PASSWORD)]).await;
    let page = guest.open(&link).await;
    assert!(page.says("Your address is not confirmed yet") && !page.has_form("Accept the invitation"));
}

#[tokio::test]
async fn the_terms_must_be_accepted_to_register() {
    let terms = "accounts.terms = { url = \"https://www.example.org/terms\", version = \"2026-01\" }\n";
    let server = TestServer::start(terms).await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.open("/account/register").await;
    assert_eq!(page.link("Read the terms of use"), "https://www.example.org/terms");
    let entered = [("email", "ada@example.org"), ("password1", PASSWORD), ("password2", PASSWORD)];
    let refused = browser.submit(&page, "Create an account", &entered).await;
    assert_eq!((refused.status, server.count_accounts()), (422, 0), "{}", refused.text());
    let accepted = [entered.as_slice(), &[("accept_terms", "on")]].concat();
    assert_eq!(browser.submit(&page, "Create an account", &accepted).await.address, "/done/registration");
    assert!(server.rows_of("accounts")[0].contains("2026-01"));
    server.ignore_mail();
}

#[tokio::test]
async fn people_see_and_download_everything_about_themselves() {
    let server = start("").await;
    let ada = server.sign_up("ada").await;
    ada.add_secondary_email(&server, "ada@example.net").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&ada.email, PASSWORD).await;
    browser.create_group("Tides").await;
    let page = browser.open("/account/data").await;
    let shown = browser.submit(&page, "Show it here", &[]).await;
    for part in ["ada@example.net", "Tides", "127.0.0.1", "You logged in.", "Activate your account"] {
        assert!(shown.says(part), "{part} is missing: {}", shown.text());
    }
    let labels = regex::Regex::new("<dt>([^<]*)</dt>").expect("a pattern");
    let raw = regex::Regex::new("[a-z][A-Z]").expect("a pattern");
    let raw: Vec<_> = labels.captures_iter(&shown.html).filter(|found| raw.is_match(&found[1])).collect();
    assert!(raw.is_empty(), "names of members instead of labels: {raw:?}");
    server.advance(Duration::from_mins(6));
    let form = page.form("Download my data");
    let refused = browser.send(&form).await;
    assert!(refused.status == 422 && refused.says("Please enter your password."), "{}", refused.text());
    let form = form.with("password", PASSWORD);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
    let request =
        server.raw(Method::POST, "/account/data").header("Sec-Fetch-Site", "same-origin").body(body);
    let reply = browser.request(request).await;
    let name = reply.headers()[CONTENT_DISPOSITION].to_str().expect("a string").to_owned();
    assert_eq!(name, "attachment; filename=\"account-1-2026-03-01.json\"");
    let data: Value = reply.json().await.expect("JSON");
    assert_eq!(data["addresses"]["secondary"], "ada@example.net");
    assert_eq!(data["workingGroup"]["name"], "Tides");
    server.ignore_mail();
}

#[tokio::test]
async fn people_log_in_with_the_names_that_the_settings_allow() {
    for (fields, label, names) in [
        ("[\"email\"]", "E-mail address", [("ada@example.org", true), ("ada", false)]),
        ("[\"username\"]", "Username", [("ada@example.org", false), ("ada", true)]),
        (
            "[\"email\", \"username\"]",
            "E-mail address or username",
            [("ada@example.org", true), ("ada", true)],
        ),
    ] {
        let server = TestServer::start(&format!("accounts.login_fields = {fields}\n")).await;
        server.register_verified("ada").await;
        for (name, is_accepted) in names {
            let mut browser = PageBrowser::new(&server);
            let page = browser.open("/account/login").await;
            assert!(page.html.contains(&format!(">{label}</label>")), "{}", page.html);
            let entered = browser.submit(&page, "Log in", &[("email", name), ("password", PASSWORD)]).await;
            assert_eq!(entered.address == "/account", is_accepted, "{fields}, {name}: {}", entered.text());
            let message = if is_accepted { "Your account" } else { "Please, enter valid credentials." };
            assert!(entered.says(message), "{}", entered.text());
        }
    }
}

#[tokio::test]
async fn an_account_without_a_confirmed_address_sees_what_to_do() {
    let server = TestServer::start("accounts.login_unverified = true\n").await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.open("/account/register").await;
    let entered = [("email", "ada@example.org"), ("password1", PASSWORD), ("password2", PASSWORD)];
    browser.submit(&page, "Create an account", &entered).await;
    assert_eq!(server.rows_of("sessions"), [] as [String; 0], "a session that nobody uses");
    let page = browser.open("/account/login").await;
    let login = [("email", "ada@example.org"), ("password", PASSWORD)];
    let page = browser.submit(&page, "Log in", &login).await;
    assert!(page.status == 403 && page.says("Your address is not confirmed yet"), "{}", page.text());
    for path in ["/account/sessions", "/account/group", "/account/data"] {
        assert_eq!(browser.open(path).await.status, 403, "{path}");
    }
    server.ignore_mail();
}
