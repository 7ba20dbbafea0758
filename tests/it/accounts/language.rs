//! The language of an account.

use serde_json::{Value, json};

use crate::support::mutation::{mutation, register, request_reset};
use crate::support::person::{PASSWORD, assert_done, assert_refused};
use crate::support::program::Site;
use crate::support::server::{Mail, TestServer};

const MY_LANGUAGE: &str = "{ myLanguage }";

/// Asserts that a mail is in a language, with a sentence of it in each part.
#[track_caller]
fn assert_language(mail: &Mail, language: &str, subject: &str, sentence: &str) {
    assert_eq!(mail.subject, subject);
    assert!(mail.plain.contains(sentence), "{}", mail.plain);
    assert!(mail.html.contains(sentence), "{}", mail.html);
    assert!(mail.html.contains(&format!("<html lang=\"{language}\">")), "{}", mail.html);
}

#[tokio::test]
async fn mails_are_in_the_language_of_the_account() {
    let server = TestServer::start("site_name = \"Tides\"\n").await;
    assert_done(&server.mutate(None, &register("ada@example.org", PASSWORD).with("language", "de")).await);
    assert_done(&server.mutate(None, &register("bo@example.org", PASSWORD)).await);
    assert_language(
        &server.mails_to("ada@example.org")[0],
        "de",
        "Bestätigen Sie Ihre E-Mail-Adresse für Tides",
        "Bitte aktivieren Sie Ihr Konto über diesen Link:",
    );
    assert_language(
        &server.mails_to("bo@example.org")[0],
        "en",
        "Activate your account on Tides",
        "Please activate your account on the link:",
    );
}

#[tokio::test]
async fn mails_without_a_language_are_in_that_of_the_site() {
    let server = TestServer::start("site_language = \"de\"\nsite_name = \"Tides\"\n").await;
    server.register_verified("ada").await;
    assert_done(&server.mutate(None, &register("bo@example.org", PASSWORD).with("language", "en")).await);
    assert_done(&server.mutate(None, &request_reset("ada@example.org")).await);
    let german = "Über diesen Link wählen Sie ein neues Passwort:";
    assert_language(&server.mails_to("ada@example.org")[1], "de", "Neues Passwort für Tides", german);
    let english = "Please activate your account on the link:";
    let subject = "Activate your account on Tides";
    assert_language(&server.mails_to("bo@example.org")[0], "en", subject, english);
}

#[tokio::test]
async fn notices_and_hints_are_translated() {
    let server = TestServer::start("accounts.hide_existence = true\nsite_name = \"Tides\"\n").await;
    let ada = server.sign_up("ada").await;
    assert_done(&ada.mutate(&server, &mutation("updateAccount", json!({ "language": "de" }))).await);
    assert_done(&ada.mutate(&server, &mutation("archiveAccount", json!({ "password": PASSWORD }))).await);
    assert_done(&server.mutate(None, &register(&ada.email, PASSWORD)).await);
    let mails = server.mails_to(&ada.email);
    let archived = "Ihr Konto wurde archiviert. Sobald Sie sich anmelden, ist es wieder da.";
    assert_language(&mails[1], "de", "Ihr Konto bei Tides wurde geändert", archived);
    let registered = "Jemand wollte sich mit dieser Adresse registrieren";
    assert_language(&mails[2], "de", "Zu Ihrem Konto bei Tides", registered);
}

#[tokio::test]
async fn an_account_can_change_and_clear_its_language() {
    // The language is no name or title, so this setting does not concern it.
    let server = TestServer::start("accounts.update_fields = []\n").await;
    let ada = server.sign_up("ada").await;
    let language = |value: &str| mutation("updateAccount", json!({ "language": value }));
    for (given, expected) in [("de", json!("de")), ("en", json!("en")), ("", Value::Null)] {
        assert_done(&ada.mutate(&server, &language(given)).await);
        assert_eq!(ada.query(&server, MY_LANGUAGE).await["myLanguage"], expected);
    }
    assert_done(&ada.mutate(&server, &language("de")).await);
    assert_done(&ada.mutate(&server, &mutation("updateAccount", json!({}))).await);
    assert_eq!(
        ada.query(&server, MY_LANGUAGE).await["myLanguage"],
        "de",
        "an omitted argument changes nothing"
    );
    for unknown in ["fr", "DE", "de-AT", "Deutsch", "d\0e"] {
        assert_refused(&ada.mutate(&server, &language(unknown)).await, "language", "invalid_choice");
    }
    assert_eq!(ada.query(&server, MY_LANGUAGE).await["myLanguage"], "de");
}

#[tokio::test]
async fn a_registration_in_an_unknown_language_is_refused() {
    let server = TestServer::start("").await;
    let in_language = |code: &str| register("ada@example.org", PASSWORD).with("language", code);
    let payload = server.mutate(None, &in_language("fr")).await;
    assert_refused(&payload, "language", "invalid_choice");
    let message = "Select a valid choice. fr is not one of the available choices.";
    assert_eq!(payload["errors"]["language"][0]["message"], message);
    assert_eq!(server.count_accounts(), 0);
    assert_done(&server.mutate(None, &in_language("")).await);
    server.ignore_mail();
}

#[tokio::test]
async fn relay_takes_the_language_as_well() {
    let server = TestServer::start("").await;
    let post = async |document: &str, token: Option<&str>| {
        let mut request = server.raw(reqwest::Method::POST, "/relay").json(&json!({ "query": document }));
        if let Some(token) = token {
            request = request.header("Authorization", format!("JWT {token}"));
        }
        request.send().await.expect("a reply").json::<Value>().await.expect("JSON")
    };
    let document = format!(
        "mutation {{ payload: register(input: {{ email: \"ada@example.org\", username: \"ada\", \
         password1: {PASSWORD:?}, password2: {PASSWORD:?}, language: \"de\" }}) {{ success errors }} }}"
    );
    assert_done(&post(&document, None).await["data"]["payload"]);
    let verify = crate::support::mutation::verify_account(&server.mailed_token("ada@example.org"));
    assert_done(&server.mutate(None, &verify).await);
    let ada = server.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(ada.query(&server, MY_LANGUAGE).await["myLanguage"], "de");
    let document = "mutation { payload: updateAccount(input: { language: \"en\" }) { success errors } }";
    assert_done(&post(document, Some(&ada.token)).await["data"]["payload"]);
    assert_eq!(ada.query(&server, MY_LANGUAGE).await["myLanguage"], "en");
}

#[test]
fn an_export_contains_the_language_and_an_import_reads_it() {
    let (here, there) = (Site::empty(), Site::empty());
    let user =
        |name: &str| json!({ "email": format!("{name}@example.org"), "username": name, "password": "" });
    let mut users = [user("ada"), user("bo")];
    users[0]["language"] = json!("de");
    here.write("users.json", json!({ "users": users }).to_string());
    here.run(["import", "users.json"]).done();
    here.run(["export", "all.json"]).done();
    let exported = std::fs::read_to_string(here.path("all.json")).expect("a file");
    assert_eq!(exported.matches("\"language\":\"de\"").count(), 1, "{exported}");
    assert_eq!(exported.matches("language").count(), 1, "an account without a language has no such member");
    there.write("all.json", &exported);
    there.run(["import", "all.json"]).done();
    there.run(["export", "again.json"]).done();
    assert_eq!(std::fs::read_to_string(there.path("again.json")).expect("a file"), exported);
}
