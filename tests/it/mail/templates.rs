use mail_parser::{MessageParser, MimeHeaders as _};
use pledge4future_auth::app;
use pledge4future_auth::config;
use pledge4future_auth::mail::Mailer;
use regex::Regex;

use crate::support::contract_file;
use crate::support::mutation::{register, request_reset, verify_account};
use crate::support::person::assert_done;
use crate::support::server::TestServer;

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
