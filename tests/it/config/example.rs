//! `config.example.toml` names every setting with its default.

use std::collections::BTreeSet;

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Format as _, Toml};
use pledge4future_auth::config::{self, Config};
use regex::Regex;

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config.example.toml"));

fn defaults() -> config::Loaded {
    config::load_text("").expect("the defaults are valid settings")
}

/// Returns the names that the parser of the configuration accepts.
fn known_names() -> BTreeSet<String> {
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

/// Returns the lines of a section of the example. The section without a name is at the beginning.
fn lines_below(section: &str) -> impl Iterator<Item = &'static str> {
    let mut current = "";
    EXAMPLE.lines().filter(move |line| {
        current = section_of(line).unwrap_or(current);
        current == section
    })
}

#[test]
fn the_example_configuration_contains_every_setting_once() {
    let settings = defaults().settings();
    let names: BTreeSet<String> = settings.iter().map(|setting| setting.name.clone()).collect();
    assert_eq!(names.len(), settings.len(), "a setting is named twice");
    assert_eq!(names, known_names());
}

#[test]
fn the_example_configuration_contains_the_defaults() {
    for setting in defaults().settings() {
        assert_eq!(setting.source, "default", "{}", setting.name);
        let (section, key) = setting.name.rsplit_once('.').unwrap_or(("", &setting.name));
        let lines = || lines_below(section);
        let value = |line: &str| Figment::from(Toml::string(line)).find_value(key).ok();
        let printed = value(&format!("{key} = {}", setting.value));
        let given = printed.is_some() && lines().any(|line| value(line) == printed);
        let computed = lines().any(|line| line.starts_with(&format!("# {key} = ")));
        assert!(given != computed, "{} = {} is not in the file", setting.name, setting.value);
    }
    assert!(config::load_text(EXAMPLE).is_ok());
}

#[test]
fn printed_settings_can_be_loaded_again() {
    let settings = defaults().settings();
    let printed: Vec<String> = settings
        .iter()
        .filter(|setting| !setting.value.starts_with('('))
        .map(|setting| format!("{} = {}", setting.name, setting.value))
        .collect();
    let again = config::load_text(&printed.join("\n")).expect("the printed settings are valid");
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
                sentence = line.strip_prefix("# ").unwrap_or_else(|| panic!("{line:?} is not a comment"));
            }
        }
    }
    assert_eq!(settings, defaults().settings().len());
}

#[test]
fn the_example_names_every_variable_of_mails() {
    for name in config::TEMPLATE_VARIABLES {
        assert!(EXAMPLE.contains(&format!("{{{{ {name} }}}}")), "{name}");
    }
}
