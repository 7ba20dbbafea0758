//! What people and programs outside rely on, held against files: the schema, the settings, the mails.

mod recorded;

use std::collections::BTreeSet;

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format as _, Toml};
use mail_parser::{MessageParser, MimeHeaders as _};
use pledge4future_auth::config::{self, Config};
use pledge4future_auth::graphql::{self, MutationStyle};
use regex::Regex;

use crate::contract_file;
use crate::person::assert_done;
use crate::server::TestServer;

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml"));
const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/schema.graphql"));
const RELAY: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/relay.graphql"));

fn defaults() -> config::Loaded {
    config::load_text("").expect("the defaults are good settings")
}

/// What the program reads besides what the example names would be a secret; what it does not read would be a lie.
fn names_that_the_program_knows() -> BTreeSet<String> {
    let known = |section: &str| -> &'static [&'static str] {
        let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        let unknown = Toml::string(&format!("{header}no_such_setting = 1"));
        let error = Figment::from(Toml::string(EXAMPLE)).merge(unknown).extract::<Config>();
        match error.expect_err("an unknown setting is refused").kind {
            Kind::UnknownField(_, known) => known,
            other => panic!("{other}"),
        }
    };
    let sections: Vec<&str> = EXAMPLE.lines().filter_map(section_of).collect();
    let is_section = |name: &&&str| sections.iter().any(|section| section.split('.').next() == Some(**name));
    let top = known("").iter().filter(|name| !is_section(name)).map(|name| (*name).to_owned());
    let below = sections
        .iter()
        .flat_map(|section| known(section).iter().map(move |name| format!("{section}.{name}")))
        .filter(|name| !sections.contains(&name.as_str()));
    top.chain(below).collect()
}

fn section_of(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

/// The lines of a section of the example; those before the first, if it has no name.
fn lines_below(section: &str) -> impl Iterator<Item = &'static str> {
    let mut current = "";
    EXAMPLE.lines().filter(move |line| {
        current = section_of(line).unwrap_or(current);
        current == section
    })
}

#[test]
fn the_schemas_are_the_committed_ones() {
    for (flavour, file) in [
        (MutationStyle::Plain, "tests/contracts/schema.graphql"),
        (MutationStyle::Relay, "tests/contracts/relay.graphql"),
    ] {
        contract_file::assert_same(file, &graphql::sdl(flavour, &defaults().config.graphql));
    }
}

#[test]
fn the_example_configuration_names_every_setting_once_and_no_other() {
    let settings = defaults().settings();
    let names: BTreeSet<String> = settings.iter().map(|setting| setting.name.clone()).collect();
    assert_eq!(names.len(), settings.len(), "a setting is named twice");
    assert_eq!(names, names_that_the_program_knows());
}

#[test]
fn the_example_configuration_is_what_holds_without_one() {
    for setting in defaults().settings() {
        assert_eq!(setting.source, "default", "{}", setting.name);
        let (section, key) = setting.name.rsplit_once('.').unwrap_or(("", &setting.name));
        let lines = || lines_below(section);
        let value = |line: &str| Figment::from(Toml::string(line)).find_value(key).ok();
        let printed = value(&format!("{key} = {}", setting.value));
        let given = printed.is_some() && lines().any(|line| value(line) == printed);
        let worked_out = lines().any(|line| line.starts_with(&format!("# {key} = ")));
        assert!(given != worked_out, "{} = {} is not in the file", setting.name, setting.value);
    }
    assert!(config::load_text(EXAMPLE).is_ok());
}

#[test]
fn the_settings_that_are_printed_can_be_read_again() {
    let settings = defaults().settings();
    let printed: Vec<String> = settings
        .iter()
        .filter(|setting| !setting.value.starts_with('('))
        .map(|setting| format!("{} = {}", setting.name, setting.value))
        .collect();
    let again = config::load_text(&printed.join("\n")).expect("what is printed is a good configuration");
    for (before, after) in settings.iter().zip(again.settings()) {
        assert_eq!((&before.name, &before.value), (&after.name, &after.value));
    }
}

#[test]
fn every_setting_of_the_example_has_a_sentence_above_it() {
    let key = Regex::new("^(?:# )?([a-z_]+) = ").expect("a pattern");
    let mut settings = 0;
    for paragraph in EXAMPLE.split("\n\n") {
        let mut sentence = "";
        for line in paragraph.lines() {
            if let Some(found) = key.captures(line) {
                settings += 1;
                assert!(sentence.ends_with(['.', ':']), "{} has no sentence: {sentence:?}", &found[1]);
            } else if section_of(line).is_none() {
                sentence = line.strip_prefix("# ").unwrap_or_else(|| panic!("{line:?} is no comment"));
            }
        }
    }
    assert_eq!(settings, defaults().settings().len());
}

/// All mails so far, as they lie in their files.
fn raw_mails(server: &TestServer) -> Vec<String> {
    server.mails();
    let folder = std::fs::read_dir(server.data().join("mail")).expect("a folder of mails");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a mail").path()).collect();
    files.sort();
    let mails: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(file).expect("a mail in UTF-8")).collect();
    assert!(files.iter().all(|file| file.extension().is_some_and(|extension| extension == "eml")));
    mails
}

/// The headers as they are and the bodies without their transfer encoding; TOKEN stands for the token.
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
    let register = "register(email: \"lisalou@uni-hd.de\", username: \"lisalou\", \
                    password1: \"kelp-Forest-41\", password2: \"kelp-Forest-41\")";
    assert_done(&server.mutate(None, register).await);
    let mails = raw_mails(&server);
    assert_eq!(mails.len(), 1);
    contract_file::assert_same("tests/contracts/activation.eml", &readable(&mails[0]));

    let token = server.last_link("lisalou@uni-hd.de");
    assert_done(&server.mutate(None, &format!("verifyAccount(token: {token:?})")).await);
    assert_done(&server.mutate(None, "sendPasswordResetEmail(email: \"lisalou@uni-hd.de\")").await);
    let mails = raw_mails(&server);
    assert_eq!(mails.len(), 2, "verifying sends no mail");
    contract_file::assert_same("tests/contracts/password-reset.eml", &readable(&mails[1]));
}

#[test]
fn the_example_names_every_variable_of_mails() {
    for name in config::FILLED_IN {
        assert!(EXAMPLE.contains(&format!("{{{{ {name} }}}}")), "{name}");
    }
}
