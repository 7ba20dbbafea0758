use mail_parser::{MessageParser, MimeHeaders as _};
use pledge4future_auth::app;
use pledge4future_auth::config;
use pledge4future_auth::mail::{MailKind, Mailer, Message};
use regex::Regex;

use crate::support::contract_file;
use crate::support::mutation::{register, request_reset, verify_account};
use crate::support::person::{PASSWORD, assert_done};
use crate::support::program::Site;
use crate::support::server::TestServer;

const KINDS: [MailKind<'static>; 12] = [
    MailKind::Activation { token: "abc", ends_password: true },
    MailKind::Activation { token: "abc", ends_password: false },
    MailKind::SecondaryEmail("abc"),
    MailKind::PasswordReset("abc"),
    MailKind::PasswordSet("abc"),
    MailKind::Notice("The password of your account was changed."),
    MailKind::Hint(
        "Somebody wants this address as the secondary one of another account, but it belongs to yours.",
    ),
    MailKind::JoinRequest { id: "7", requester: "Bo", email: "bo@example.org", group: "Tides" },
    MailKind::JoinAnswer { group: "Tides", approved: true },
    MailKind::JoinAnswer { group: "Tides", approved: false },
    MailKind::Invitation { token: "abc", inviter: Some("Bo"), group: Some("Tides") },
    MailKind::Invitation { token: "abc", inviter: None, group: None },
];

/// Returns the mails of all kinds in all languages, with the codes of the languages.
fn all_mails(settings: &str) -> Vec<(String, Message)> {
    let config = config::load_text(settings).expect("valid settings").config;
    let languages = app::load_languages(&config).expect("languages");
    let mailer = Mailer::new(&config, &languages).expect("valid templates");
    let mut mails = Vec::new();
    for language in languages.all() {
        for kind in &KINDS {
            let mail = mailer.templates.render(kind, "ada@example.org", "Ada & Co.", language);
            mails.push((language.code.clone(), mail.expect("a mail")));
        }
    }
    mails
}

/// Returns what a reader of HTML sees, without the sentence about the button and its label.
fn words_of_html(html: &str) -> String {
    let (_, body) = html.split_once("<body").expect("a body");
    let skipped = Regex::new(concat!(
        r"(?s)^[^>]*>|<!--.*?-->|<a [^>]*display:inline-block[^>]*>.*?</a>",
        r#"|<p class="quiet"[^>]*>.*?</p>|<[^>]*>"#
    ))
    .expect("a pattern");
    let text = skipped.replace_all(body, " ").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns all mails so far as text.
fn raw_mails(server: &TestServer) -> Vec<String> {
    server.ignore_mail();
    let folder = std::fs::read_dir(server.data().join("mail")).expect("a folder of mails");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a mail").path()).collect();
    files.sort();
    let mails: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(file).expect("a mail in UTF-8")).collect();
    assert!(files.iter().all(|file| file.extension().is_some_and(|extension| extension == "eml")));
    mails
}

/// Returns the headers and the decoded bodies, with TOKEN in place of the token.
fn readable(raw: &str) -> String {
    assert!(raw.is_ascii(), "{raw}");
    assert_eq!(raw.matches('\n').count(), raw.matches("\r\n").count(), "lines end with CR LF (RFC 5322)");
    let message = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
    assert_eq!(message.parts.len(), 3, "a text and the same in HTML: {raw}");
    let (headers, _) = raw.split_once("\r\n\r\n").expect("headers end with an empty line");
    let mut text = format!("{headers}\n");
    for part in &message.parts[1..] {
        let kind = part.content_type().expect("a part says what it is");
        let subtype = kind.subtype().expect("a part says what it is");
        let charset = kind.attribute("charset").expect("a part says its character set");
        let body = part.text_contents().expect("a part is a text");
        text.push_str(&format!("\n[{}/{subtype}; charset={charset}]\n{body}\n", kind.ctype()));
    }
    let token = Regex::new("eyJ[A-Za-z0-9_-]+:[0-9A-Za-z]+:[A-Za-z0-9_-]+").expect("a pattern");
    assert!(token.is_match(&text), "there is no token in {text}");
    token.replace_all(&text.replace("\r\n", "\n"), "TOKEN").into_owned()
}

#[tokio::test]
async fn the_mails_are_the_committed_ones() {
    let server = TestServer::start("").await;
    let register = &register("lisalou@uni-hd.de", "kelp-Forest-41").with("username", "lisalou");
    assert_done(&server.mutate(None, register).await);
    let mails = raw_mails(&server);
    assert_eq!(mails.len(), 1);
    contract_file::assert_same("tests/contracts/activation.eml", &readable(&mails[0]));

    let token = server.mailed_token("lisalou@uni-hd.de");
    assert_done(&server.mutate(None, &verify_account(&token)).await);
    assert_done(&server.mutate(None, &request_reset("lisalou@uni-hd.de")).await);
    let mails = raw_mails(&server);
    assert_eq!(mails.len(), 2, "verifying sends no mail");
    contract_file::assert_same("tests/contracts/password-reset.eml", &readable(&mails[1]));
}

#[tokio::test]
async fn a_site_can_replace_the_mail_templates() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a template");
    write("activation.subject.txt", "Welcome, {{ name }}");
    write("activation.txt", "Call {{ phone }} or follow {{ link }}");
    let settings = format!("mail.templates = {:?}\nmail.variables = {{ phone = \"1234\" }}\n", folder.path());
    let server = TestServer::start(&settings).await;
    server.register("ada").await;
    let mail = &server.mails()[0];
    assert_eq!(mail.subject, "Welcome, ada");
    assert!(mail.text.starts_with("Call 1234 or follow http://localhost:8000/activate/eyJ"), "{}", mail.text);
    assert!(mail.text.contains("Hello ada!"), "the HTML part is not the default");

    for broken in ["Call {{ fax }}", "{% if %}"] {
        write("activation.txt", broken);
        let data = folder.path().join("data");
        let text = format!("data_dir = {data:?}\nmail.templates = {:?}\n", folder.path());
        let config = config::load_text(&text).expect("valid settings").config;
        let refused =
            Mailer::new(&config, &app::load_languages(&config).expect("languages")).err().expect("a refusal");
        assert!(format!("{refused:#}").contains("activation.txt"), "{refused:#}");
        let names_it = format!("{refused:#}")
            .contains("uses the unknown variable fax; add it to mail.variables, or use one of site_name,");
        assert_eq!(names_it, broken.contains("fax"), "{refused:#}");
    }
}

#[test]
fn both_parts_of_a_mail_say_the_same() {
    for links in ["", "links.join_requests = \"https://tides.example/requests\"\n"] {
        for (language, mail) in all_mails(links) {
            let words = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(words_of_html(&mail.html), words);
            assert!(mail.html.starts_with(&format!("<!DOCTYPE html>\n<html lang=\"{language}\">")));
            let urls = mail.text.lines().filter(|line| line.contains("http"));
            assert!(urls.clone().all(|line| line.starts_with("http")), "{}", mail.text);
            assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
        }
    }
}

#[test]
fn html_loads_nothing_and_links_only_to_the_site() {
    let address = Regex::new(r#"(?i)(?:https?:)?//[^\s"'<>)]*"#).expect("a pattern");
    let loads = Regex::new(r"(?i)<(?:img|script|link|iframe|object|base)\b|\bsrc=|url\(|@import|background=")
        .expect("a pattern");
    let mut seen = 0;
    for (_, mail) in all_mails("public_url = \"https://tides.example/auth\"\n") {
        assert!(!loads.is_match(&mail.html), "{}", mail.html);
        for found in address.find_iter(&mail.html) {
            assert!(found.as_str().starts_with("https://tides.example/auth/"), "{}", found.as_str());
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}

#[test]
fn a_button_has_the_colour_of_the_site() {
    for (accent, label) in [("#ffdd00", "#000000"), ("#102030", "#ffffff")] {
        let mails = all_mails(&format!("[pages.branding]\naccent = \"{accent}\"\n"));
        let (_, activation) = &mails[0];
        for part in [
            &format!("bgcolor=\"{accent}\""),
            &format!("color:{label};"),
            "<meta name=\"color-scheme\" content=\"light dark\">",
            "@media (prefers-color-scheme: dark)",
            "<a class=\"text\" href=\"http://localhost:8000/activate/abc\"",
            "Hello Ada &amp; Co.!",
        ] {
            assert!(activation.html.contains(part), "{part}: {}", activation.html);
        }
    }
}

#[tokio::test]
async fn a_site_can_replace_a_template_in_one_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a template");
    // Kubernetes adds such a folder to those that it mounts.
    for name in ["de", "en", "..data"] {
        std::fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    write("activation.subject.txt", "For all");
    write("de/activation.subject.txt", "{{ t(\"Hello {name}!\", name=name) }} ({{ language }})");
    write("de/layout.txt", "Moin {{ name }}. {% block content %}{% endblock %} {{ link }}");
    let server = TestServer::start(&format!("mail.templates = {:?}\n", folder.path())).await;
    for (name, language) in [("ada", "de"), ("bo", "en")] {
        let register = register(&format!("{name}@example.org"), PASSWORD).with("username", name);
        assert_done(&server.mutate(None, &register.with("language", language)).await);
    }
    let mails = server.mails();
    assert_eq!(mails[0].subject, "Guten Tag ada! (de)");
    assert!(mails[0].plain.starts_with("Moin ada. Bitte aktivieren Sie"), "{}", mails[0].plain);
    assert!(mails[0].html.contains("Guten Tag ada!"), "the built-in HTML part is used");
    assert_eq!(mails[1].subject, "For all");
    assert!(mails[1].plain.contains("Hello bo!"), "{}", mails[1].plain);
}

#[test]
fn unusable_templates_of_one_language_are_refused() {
    let site = Site::with_settings("mail.templates = \"templates\"\n");
    std::fs::create_dir_all(site.path("templates/de")).expect("a folder");
    for (file, text, expected) in [
        (
            "de/activaton.txt",
            "",
            "mail.templates: no mail uses de/activaton.txt; the names are activation.html,",
        ),
        ("de/notice.txt", "{{ fax }}", "mail.templates: de/notice.txt uses the unknown variable fax;"),
        ("de/notice.txt", "{% if %}", "mail.templates: de/notice.txt: syntax error"),
        ("de/notice.txt", "{{ t() }}", "mail.templates: missing argument"),
    ] {
        site.write(&format!("templates/{file}"), text);
        let sentence = site.run(["check-config"]).refused(2);
        assert!(sentence.contains(expected), "{sentence}");
        std::fs::remove_file(site.path(&format!("templates/{file}"))).expect("the file");
    }
    std::fs::create_dir(site.path("templates/fr")).expect("a folder");
    assert!(
        site.run(["check-config"]).refused(2).ends_with(
            "mail.templates: the folder fr is not named after a language; the languages are en, de"
        )
    );
}

#[test]
fn a_template_may_use_variables_of_other_mails() {
    let site = Site::with_settings("mail.templates = \"templates\"\n");
    std::fs::create_dir(site.path("templates")).expect("a folder");
    let text =
        "{{ group }}{{ sentence }}{% if approved %}!{% endif %}{{ accent }}{{ on_accent }}{{ subject }}";
    site.write("templates/activation.txt", text);
    site.run(["check-config"]).done();
}
