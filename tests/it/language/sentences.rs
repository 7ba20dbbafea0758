//! Every sentence for people has a translation, and every translation has a sentence.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pledge4future_auth::language::{ENGLISH, Languages};
use regex::Regex;

/// The files and folders whose string literals are for people if they are sentences.
const MESSAGES: [&str; 8] = [
    "src/accounts",
    "src/blocking_pool.rs",
    "src/django/password_validators.rs",
    "src/error",
    "src/error.rs",
    "src/groups",
    "src/http/pages",
    "src/security",
];
const TEMPLATES: [&str; 2] = ["assets/mail", "assets/pages"];

/// The beginnings of sentences that only the API returns, which has no translations.
const API_ONLY: [&str; 5] = [
    "Must login with password and one of the following fields",
    "Negative indexing is not supported.",
    "Requesting {wanted} records on the `users` connection",
    "The request selects too much:",
    "You can't provide a `before` value",
];

/// Returns a file, or all files below a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.flat_map(|entry| files(&entry.expect("an entry of a folder").path())).collect()
}

fn files_of(paths: &[&str]) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    paths.iter().flat_map(|path| files(&root.join(path))).collect()
}

/// Returns the string literals of a Rust file, without those in comments.
fn literals(path: &Path) -> Vec<String> {
    let token = Regex::new(concat!(
        r"//[^\n]*",
        r#"|'(?:[^'\\\n]|\\'|\\[^\n']*)'"#,
        r##"|r#"(?s:.*?)"#"##,
        r#"|r"[^"]*""#,
        r#"|"((?:[^"\\]|\\(?s:.))*)""#,
    ))
    .expect("a pattern");
    let line_break = Regex::new(r"\\\n\s*").expect("a pattern");
    let text = fs::read_to_string(path).expect("a file in UTF-8");
    let literals = token.captures_iter(&text).filter_map(|found| found.get(1));
    literals.map(|literal| line_break.replace_all(literal.as_str(), "").replace("\\\"", "\"")).collect()
}

fn is_sentence(literal: &str) -> bool {
    literal.starts_with(char::is_uppercase) && (literal.contains(' ') || literal.ends_with('.'))
}

/// Returns the sentences of rules that pages show.
fn messages() -> BTreeSet<String> {
    let literals = files_of(&MESSAGES).into_iter().flat_map(|path| literals(&path));
    literals.filter(|literal| is_sentence(literal)).collect()
}

/// Returns the sentences that templates translate with the function `t`.
fn template_sentences() -> BTreeSet<String> {
    let call = Regex::new(r#"\bt\(\s*(?:"([^"]*)"|'([^']*)')"#).expect("a pattern");
    let mut sentences = BTreeSet::new();
    for path in files_of(&TEMPLATES) {
        let text = fs::read_to_string(path).expect("a file in UTF-8");
        let calls = call.captures_iter(&text);
        sentences.extend(calls.filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str().to_owned())));
    }
    sentences
}

#[test]
fn no_language_misses_a_sentence() {
    let (messages, templates) = (messages(), template_sentences());
    assert!(messages.len() > 70 && templates.len() > 25, "few sentences were found");
    let is_api_only = |sentence: &&String| API_ONLY.iter().any(|beginning| sentence.starts_with(beginning));
    assert_eq!(messages.iter().filter(is_api_only).count(), API_ONLY.len(), "an exemption is not needed");
    let languages = Languages::load(None, ENGLISH).expect("the built-in languages");
    assert!(languages.all().len() > 1);
    for language in languages.all() {
        let sentences = messages.iter().filter(|sentence| !is_api_only(sentence)).chain(&templates);
        let missing: Vec<_> = sentences.filter(|sentence| !language.has(sentence)).collect();
        assert!(missing.is_empty(), "add to assets/languages/{}.toml: {missing:#?}", language.code);
    }
}

#[test]
fn no_translation_is_unused() {
    let mut used: BTreeSet<String> =
        files_of(&["src"]).into_iter().flat_map(|path| literals(&path)).collect();
    used.extend(template_sentences());
    for path in files_of(&["assets/languages"]) {
        let file: toml::Table =
            fs::read_to_string(&path).expect("a file in UTF-8").parse().expect("a language in TOML");
        let sentences = file["sentences"].as_table().expect("a table of sentences");
        let unused: Vec<_> = sentences.keys().filter(|sentence| !used.contains(*sentence)).collect();
        assert!(unused.is_empty(), "remove from {}: {unused:#?}", path.display());
    }
}
