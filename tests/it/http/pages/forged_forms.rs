//! Forms that are sent by somebody else than the person who sees the page. docs/security.md lists these tries.

use std::collections::BTreeSet;

use super::life::{represent, start};
use crate::support::page_browser::{BrowserPage, PageBrowser, PageForm};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

/// The pages of an account with forms that change something.
const PAGES: [&str; 10] = [
    "/account",
    "/account/profile",
    "/account/emails",
    "/account/password",
    "/account/sessions",
    "/account/group",
    "/account/group/find",
    "/account/group/new?q=heidelberg",
    "/account/data",
    "/account/delete",
];

/// Starts a server on which a person with two addresses and two sessions represents a group with a member and a request.
async fn with_everything() -> TestServer {
    let server = start("limits.enabled = false\n").await;
    let ada = server.sign_up("ada").await;
    ada.add_secondary_email(&server, "ada@example.net").await;
    represent(&server, &ada.email).await;
    server.ignore_mail();
    server
}

/// Returns every form of a page that changes something, once for each of its buttons.
fn forms(page: &BrowserPage) -> Vec<(String, PageForm)> {
    let button = regex::Regex::new("(?s)<button([^>]*)>(.*?)</button>").expect("a pattern");
    let label = regex::Regex::new("aria-label=\"([^\"]*)\"").expect("a pattern");
    let labels = button.captures_iter(&page.html).map(|found| {
        let text = label.captures(&found[1]).map_or_else(|| found[2].to_owned(), |label| label[1].to_owned());
        text.trim().to_owned()
    });
    let labels: BTreeSet<String> = labels.collect();
    labels
        .into_iter()
        .map(|label| (format!("\"{label}\" of {}", page.address), page.form(&label)))
        .filter(|(_, form)| form.method == reqwest::Method::POST)
        .collect()
}

async fn all_forms(browser: &mut PageBrowser<'_>) -> Vec<(String, PageForm)> {
    let mut all = Vec::new();
    for path in PAGES {
        let page = browser.open(path).await;
        assert_eq!(page.status, 200, "{path}");
        all.extend(forms(&page));
    }
    assert!(all.len() > 20, "only {} forms were found", all.len());
    all
}

#[tokio::test]
async fn forged_forms_are_refused_on_every_page() {
    let server = with_everything().await;
    let mut ada = PageBrowser::new(&server);
    ada.log_in("ada@example.org", PASSWORD).await;
    let mut mia = PageBrowser::new(&server);
    mia.log_in("mia@example.org", PASSWORD).await;
    let stolen = mia.open("/account/profile").await.form("Save");
    let stolen = stolen.fields.iter().find(|(name, _)| name == "form_token").expect("a token").1.clone();
    let forms = all_forms(&mut ada).await;
    let before = server.rows();
    for (name, form) in &forms {
        let form = form.clone().with("password", PASSWORD).with("old_password", PASSWORD);
        for site in ["cross-site", "same-site"] {
            let refused = ada.send_from(&form, site).await;
            assert!(
                refused.status == 403 && refused.says("The form came from another site"),
                "{name}, {site}"
            );
        }
        for (forged, case) in [
            (form.clone().without("form_token"), "without a token"),
            (form.clone().with("form_token", ""), "with an empty token"),
            (form.clone().with("form_token", &"0".repeat(64)), "with a guessed token"),
            (form.clone().with("form_token", &stolen), "with the token of another person"),
        ] {
            let refused = ada.send(&forged).await;
            assert!(refused.status == 403 && refused.says("This form is too old"), "{name}, {case}");
        }
    }
    assert_eq!(server.rows(), before, "a forged form changed something");
}

#[tokio::test]
async fn a_stolen_page_is_useless_to_other_sessions_and_after_the_log_out() {
    let server = with_everything().await;
    let mut ada = PageBrowser::new(&server);
    let account = ada.log_in("ada@example.org", PASSWORD).await;
    let forms = all_forms(&mut ada).await;
    let mut mia = PageBrowser::new(&server);
    mia.log_in("mia@example.org", PASSWORD).await;
    let mut again = PageBrowser::new(&server);
    again.log_in("ada@example.org", PASSWORD).await;
    let before = server.rows();
    for (name, form) in &forms {
        let form = form.clone().with("password", PASSWORD).with("old_password", PASSWORD);
        assert_eq!(mia.send(&form).await.status, 403, "{name} is accepted from another account");
        assert_eq!(again.send(&form).await.status, 403, "{name} is accepted from another session");
        let mut visitor = PageBrowser::new(&server);
        let page = visitor.send(&form).await;
        assert!(page.status == 403 || page.address.starts_with("/account/login"), "{name}: {}", page.address);
    }
    assert_eq!(server.rows(), before, "a stolen page changed something");
    ada.submit(&account, "Log out", &[]).await;
    let before = server.rows();
    for (name, form) in &forms {
        let page = ada.send(form).await;
        assert!(page.status == 403 || page.address.starts_with("/account/login"), "{name} after the log-out");
    }
    assert_eq!(server.rows(), before, "a page changed something after the log-out");
}

#[tokio::test]
async fn nobody_can_be_logged_in_or_registered_by_another_site() {
    let server = TestServer::start("").await;
    let email = server.register_verified("eve").await;
    let mut victim = PageBrowser::new(&server);
    let mut attacker = PageBrowser::new(&server);
    for (path, button) in [("/account/login", "Log in"), ("/account/register", "Create an account")] {
        let form = attacker.open(path).await.form(button);
        let form = form.with("email", &email).with("password", PASSWORD);
        // The victim's browser has a cookie of its own, or none.
        for _ in 0..2 {
            assert_eq!(victim.send(&form).await.status, 403, "{path}");
            assert_eq!(victim.send(&form.clone().without("form_token")).await.status, 403, "{path}");
            assert_eq!(victim.send_from(&form, "cross-site").await.status, 403, "{path}");
            victim.open(path).await;
        }
    }
    assert!(!victim.cookies.contains_key("p4f"), "the victim is logged in");
    assert_eq!(server.rows_of("sessions"), [] as [String; 0]);
}

#[tokio::test]
async fn a_page_of_somebody_else_reveals_and_changes_nothing() {
    let server = with_everything().await;
    let mut mia = PageBrowser::new(&server);
    mia.log_in("mia@example.org", PASSWORD).await;
    let page = mia.open("/account/sessions").await;
    let profile = mia.open("/account/profile").await.form("Save");
    let token = profile.fields.iter().find(|(name, _)| name == "form_token").expect("a token").1.clone();
    let sessions = server.rows_of("sessions");
    let foreign = sessions.iter().find(|row| row.contains("Integer(1)")).expect("a session of ada");
    let id = regex::Regex::new("[0-9a-f]{32}").expect("a pattern").find(foreign).expect("an id").as_str();
    assert!(page.says("this session") && !page.html.contains(id), "{}", page.text());
    for (action, fields) in [
        ("/account/sessions", vec![("action", "end"), ("id", id)]),
        ("/account/group", vec![("action", "remove"), ("id", "2")]),
        ("/account/group", vec![("action", "hand_over"), ("id", "3")]),
        ("/account/group", vec![("action", "approve"), ("id", "nonsense")]),
    ] {
        let mut form = PageForm {
            method: reqwest::Method::POST,
            action: action.to_owned(),
            fields: vec![("form_token".to_owned(), token.clone())],
        };
        form.fields.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let before = server.rows();
        let refused = mia.send(&form).await;
        assert_eq!(refused.status, 422, "{action} {fields:?}: {}", refused.text());
        assert_eq!(server.rows(), before, "{action} {fields:?}");
    }
}
