//! The languages of pages, and templates of an operator.

use super::life::start;
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::program::Site;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_page_is_in_the_language_of_the_account_or_the_browser() {
    let server = TestServer::start("").await;
    let mut browser = PageBrowser::new(&server);
    browser.language = "fr;q=0.9, de-AT;q=0.8, en;q=0.1".to_owned();
    let page = browser.open("/account/register").await;
    assert!(page.html.contains("<html lang=\"de\">"), "{}", page.html);
    let entered = [("email", "ada@example.org"), ("password1", PASSWORD), ("password2", "other")];
    let refused = browser.submit(&page, "Konto anlegen", &entered).await;
    assert!(refused.status == 422 && refused.says("Die beiden Passwörter"), "{}", refused.text());
    let entered = [("email", "ada@example.org"), ("password1", PASSWORD), ("password2", PASSWORD)];
    browser.submit(&refused, "Konto anlegen", &entered).await;
    let mail = server.mails_to("ada@example.org").pop().expect("a mail");
    assert!(mail.plain.contains("Bitte"), "the mail is not in the language of the page: {}", mail.plain);
    browser.open(&format!("/activate/{}", server.mailed_token("ada@example.org"))).await;
    let page = browser.open(&format!("/activate/{}", server.mailed_token("ada@example.org"))).await;
    browser.submit(&page, "ada@example.org aktivieren", &[]).await;

    // The account keeps the language that its owner registered in.
    let mut elsewhere = PageBrowser::new(&server);
    let page = elsewhere.open("/account/login").await;
    let login = [("email", "ada@example.org"), ("password", PASSWORD)];
    let page = elsewhere.submit(&page, "Log in", &login).await;
    assert!(page.says("Ihr Konto") && page.says("Sie haben sich angemeldet."), "{}", page.text());
    let page = elsewhere.open("/account/profile").await;
    let saved = elsewhere.submit(&page, "Speichern", &[("language", "en")]).await;
    assert!(saved.says("Your changes are saved."), "{}", saved.text());
    for (language, code) in [("", "en"), ("xx, *;q=0.5", "en"), ("nonsense;q=x", "en"), ("de", "de")] {
        let mut visitor = PageBrowser::new(&server);
        visitor.language = language.to_owned();
        let page = visitor.open("/nowhere").await;
        assert!(page.html.contains(&format!("<html lang=\"{code}\">")), "{language}: {}", page.html);
    }
}

#[tokio::test]
async fn an_operator_can_replace_templates_of_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "front.html",
        "{% extends \"base.html\" %}{% block content %}<h1>{{ t(\"Log in\") }} to {{ site }}</h1>{% endblock %}",
    );
    write("style.css", "h1 { color: ACCENT; }");
    let server = TestServer::start(&format!("pages.templates = {:?}\n", folder.path())).await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.open("/").await;
    assert!(page.says("Log in to localhost:8000"), "{}", page.text());
    let style = regex::Regex::new("/pages/[0-9a-f]+\\.css").expect("a pattern").find(&page.html);
    let style = browser.open(style.expect("a style sheet").as_str()).await;
    assert_eq!(style.html, "h1 { color: #1f6f54; }");
}

#[test]
fn unusable_templates_of_pages_are_refused_by_name() {
    let site = Site::with_settings("pages.templates = \"pages\"\n");
    assert!(site.run(["check-config"]).refused(2).contains("pages.templates: pages cannot be read"));
    std::fs::create_dir(site.path("pages")).expect("a folder");
    site.run(["check-config"]).done();
    for (name, text, part) in [
        ("frontpage.html", "", "no page uses frontpage.html; the names are account.html"),
        ("front.html", "{% if %}", "front.html: syntax error"),
        ("front.html", "{{ sitename }}", "front.html uses the unknown variable sitename"),
        ("front.html", "{{ site|shout }}", "front.html: unknown filter"),
    ] {
        site.write(&format!("pages/{name}"), text);
        let refused = site.run(["check-config"]).refused(2);
        assert!(refused.contains("pages.templates: ") && refused.contains(part), "{refused}");
        std::fs::remove_file(site.path(&format!("pages/{name}"))).expect("a file");
    }
}

/// The pages that a member of staff who represents a group can open.
const PAGES: [&str; 25] = [
    "/",
    "/account",
    "/account/profile",
    "/account/emails",
    "/account/password",
    "/account/sessions",
    "/account/activity",
    "/account/group",
    "/account/group/find",
    "/account/group/new?q=heidelberg",
    "/account/data",
    "/account/delete",
    "/account/confirm",
    "/admin",
    "/admin/accounts",
    "/admin/accounts/1",
    "/admin/accounts/new",
    "/admin/mail",
    "/admin/mail/1",
    "/admin/audit",
    "/admin/institutions",
    "/admin/institutions/new",
    "/admin/research-fields",
    "/admin/groups",
    "/admin/groups/new",
];

#[tokio::test]
async fn no_english_sentence_is_left_on_a_german_page() {
    let server = start("pages.admin = true\nsite_language = \"de\"\n").await;
    let ada = server.sign_up("ada").await;
    ada.add_secondary_email(&server, "ada@example.net").await;
    server.operator().run(["user", "staff", "ada@example.org"]).done();
    let mut browser = PageBrowser::new(&server);
    browser.log_in(&ada.email, PASSWORD).await;
    browser.create_group("Tides").await;
    browser.language = "de".to_owned();
    let german = &server.app().languages.find("de").expect("German");
    let english: Vec<_> = german.sentences().filter(|sentence| sentence.contains(' ')).collect();
    assert!(english.len() > 300, "{}", english.len());
    for path in PAGES {
        let page = browser.open(path).await;
        let text = page.text();
        assert_eq!(page.status, 200, "{path}: {text}");
        let left = english.iter().find(|sentence| text.contains(**sentence));
        assert!(left.is_none(), "{path}: {left:?} in {text}");
    }
    server.ignore_mail();
}
