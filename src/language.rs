//! Languages of pages and mails. Sentences are written in English where they are used. A file per language, such as
//! `assets/languages/de.toml`, translates them.
//!
//! A key of such a file is an English sentence. It may contain placeholders such as `{count}`, which its translation
//! contains as well.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use minijinja::Value;
use minijinja::value::Kwargs;
use regex::{Captures, Regex};
use rust_embed::RustEmbed;
use serde::Deserialize;

/// The code of the language that sentences are written in.
pub const ENGLISH: &str = "en";

const MAX_CODE_LENGTH: usize = 35;

#[derive(RustEmbed)]
#[folder = "assets/languages/"]
struct BuiltIn;

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{([a-z_]+)\}").expect("a valid pattern"));

/// All languages that are available.
pub struct Languages {
    /// English first, the others by their codes.
    all: Vec<Language>,
    /// The index of the language of the site.
    default: usize,
}

pub struct Language {
    /// The code as in `lang` of HTML (BCP 47), in lower case.
    pub code: String,
    /// The name of the language in the language itself.
    pub name: String,
    sentences: HashMap<String, String>,
    /// The sentences with placeholders.
    patterns: Vec<Pattern>,
}

/// A sentence with placeholders, to find the values in one whose placeholders are filled in. A regular expression for each would
/// take longer to compile than the rest of the start takes.
struct Pattern {
    /// The names of the placeholders.
    names: Vec<String>,
    /// The text around the placeholders: one piece more than there are names.
    pieces: Vec<String>,
    translation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    sentences: BTreeMap<String, String>,
}

impl Languages {
    /// Loads the built-in languages and those of a folder. A file of the folder adds a language, or replaces sentences of a
    /// built-in one. Errors name the setting.
    pub fn load(folder: Option<&Path>, site_language: &str) -> Result<Self> {
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        for name in BuiltIn::iter() {
            let text = BuiltIn::get(&name).with_context(|| format!("the language {name} is missing"))?;
            let file = parse(&String::from_utf8(text.data.into_owned())?)?;
            files.insert(name.trim_end_matches(".toml").to_owned(), file);
        }
        if let Some(folder) = folder {
            add_files(folder, &mut files)?;
        }
        let english = Language::new(ENGLISH, "English", BTreeMap::new());
        let others = files.into_iter().map(|(code, file)| Language::new(&code, &file.name, file.sentences));
        let all: Vec<_> = std::iter::once(english).chain(others).collect();
        let default = all.iter().position(|language| language.code == site_language).with_context(|| {
            let codes: Vec<_> = all.iter().map(|language| language.code.as_str()).collect();
            format!("site_language: \"{site_language}\" is not available; choose one of {}", codes.join(", "))
        })?;
        Ok(Self { all, default })
    }

    pub fn all(&self) -> &[Language] {
        &self.all
    }

    pub fn find(&self, code: &str) -> Option<&Language> {
        self.all.iter().find(|language| language.code == code)
    }

    /// Returns a language, or that of the site if it is not set or no longer available.
    pub fn get(&self, code: Option<&str>) -> &Language {
        code.and_then(|code| self.find(code)).unwrap_or(&self.all[self.default])
    }

    /// Returns the language that a browser prefers (`Accept-Language`, RFC 9110 §12.5.4), or `None` if it accepts none of
    /// them. A range such as `de-AT` also matches `de` (RFC 4647 §3.4).
    pub fn negotiate(&self, accept_language: &str) -> Option<&Language> {
        let accepted = accept_language.split(',').filter_map(|range| {
            let (tag, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f32 = parameter.trim().strip_prefix("q=")?.trim().parse().ok()?;
            let language = self.find_by_range(&tag.trim().to_ascii_lowercase())?;
            (weight > 0.0).then_some((weight, language))
        });
        // `max_by` returns the last of several maxima, and of ranges of equal weight the first is preferred.
        let preferred = accepted.rev().max_by(|(one, _), (other, _)| one.total_cmp(other));
        preferred.map(|(_, language)| language)
    }

    /// Returns the function `t` of templates, as in `{{ t("Hello {name}!", name=name) }}`.
    pub fn template_function(self: &Arc<Self>, code: &str) -> Value {
        let (languages, code) = (Arc::clone(self), code.to_owned());
        Value::from_function(move |sentence: String, values: Kwargs| {
            let value = |name: &str| values.get::<Value>(name).ok().map(|value| value.to_string());
            languages.get(Some(&code)).format(&sentence, value)
        })
    }

    fn find_by_range(&self, range: &str) -> Option<&Language> {
        if range == "*" {
            return Some(self.get(None));
        }
        let shorter = std::iter::successors(Some(range), |range| Some(range.rsplit_once('-')?.0));
        shorter.into_iter().find_map(|range| self.find(range))
    }
}

/// Returns whether a string has the form of the code of a language, such as `de` or `pt-br`.
pub fn is_code(code: &str) -> bool {
    let is_part = |part: &str| {
        (2..=8).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    code.len() <= MAX_CODE_LENGTH && code.split('-').all(is_part)
}

/// Adds the languages of a folder.
fn add_files(folder: &Path, files: &mut BTreeMap<String, File>) -> Result<()> {
    let unreadable = |path: &Path| format!("languages: {} cannot be read", path.display());
    for entry in std::fs::read_dir(folder).with_context(|| unreadable(folder))? {
        let path = entry?.path();
        if path.extension() != Some(OsStr::new("toml")) {
            continue;
        }
        let code = path.file_stem().and_then(OsStr::to_str).unwrap_or_default().to_owned();
        ensure!(
            is_code(&code) && code != ENGLISH,
            "languages: {} is not named after a language; name it \"fr.toml\", for example",
            path.display()
        );
        let text = std::fs::read_to_string(&path).with_context(|| unreadable(&path))?;
        let file = parse(&text).with_context(|| format!("languages: {}", path.display()))?;
        match files.get_mut(&code) {
            Some(known) => {
                known.name = file.name;
                known.sentences.extend(file.sentences);
            }
            None => drop(files.insert(code, file)),
        }
    }
    Ok(())
}

fn parse(text: &str) -> Result<File> {
    let file: File = toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        anyhow!("line {}: {}", before.matches('\n').count() + 1, error.message().replace('\n', ", "))
    })?;
    for (sentence, translation) in &file.sentences {
        let placeholders = |text: &str| -> Vec<String> {
            let mut names: Vec<_> =
                PLACEHOLDER.find_iter(text).map(|found| found.as_str().to_owned()).collect();
            names.sort();
            names
        };
        let names = placeholders(sentence);
        if let Some([repeated, ..]) = names.windows(2).find(|names| names[0] == names[1]) {
            bail!("the sentence \"{sentence}\" must contain {repeated} only once");
        }
        if names != placeholders(translation) {
            bail!("the translation of \"{sentence}\" must have the same placeholders");
        }
    }
    Ok(file)
}

impl Pattern {
    fn new(sentence: &str, translation: &str) -> Self {
        Self {
            names: PLACEHOLDER.captures_iter(sentence).map(|found| found[1].to_owned()).collect(),
            pieces: PLACEHOLDER.split(sentence).map(str::to_owned).collect(),
            translation: translation.to_owned(),
        }
    }

    /// Returns the values of the placeholders, none of which is empty, or `None` if the sentence is another one.
    fn values<'a>(&self, sentence: &'a str) -> Option<Vec<&'a str>> {
        let [first, middle @ .., last] = self.pieces.as_slice() else { return None };
        let mut rest = sentence.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
        let mut values = Vec::with_capacity(self.names.len());
        // From the end, so that an ambiguous piece belongs to the first value, which often is a name or an address.
        for piece in middle.iter().rev() {
            let (before, value) = rest.rsplit_once(piece.as_str())?;
            values.push(value);
            rest = before;
        }
        values.push(rest);
        values.reverse();
        values.iter().all(|value| !value.is_empty()).then_some(values)
    }

    /// Returns the length of the text around the placeholders.
    fn own_length(&self) -> usize {
        self.pieces.iter().map(String::len).sum()
    }
}

impl Language {
    fn new(code: &str, name: &str, sentences: BTreeMap<String, String>) -> Self {
        let patterns = sentences
            .iter()
            .filter(|(sentence, _)| PLACEHOLDER.is_match(sentence))
            .map(|(sentence, translation)| Pattern::new(sentence, translation))
            .collect();
        Self {
            code: code.to_owned(),
            name: name.to_owned(),
            sentences: sentences.into_iter().collect(),
            patterns,
        }
    }

    pub fn is_english(&self) -> bool {
        self.code == ENGLISH
    }

    /// Returns the English sentences that the language translates.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.sentences.keys().map(String::as_str)
    }

    /// Returns whether the language has a translation. English needs none.
    pub fn has(&self, sentence: &str) -> bool {
        self.is_english() || self.sentences.contains_key(sentence)
    }

    /// Translates a sentence whose placeholders are filled in, such as the message of an error. Returns the sentence itself if
    /// the language has no translation.
    pub fn translate<'a>(&'a self, sentence: &'a str) -> Cow<'a, str> {
        if let Some(translation) = self.sentences.get(sentence) {
            return translation.into();
        }
        let matching = self.patterns.iter().filter_map(|pattern| Some((pattern, pattern.values(sentence)?)));
        // A sentence may match several patterns. The one with the most words of its own is meant.
        let found = matching.max_by_key(|(pattern, _)| pattern.own_length());
        let Some((pattern, values)) = found else { return sentence.into() };
        let value = |name: &str| {
            let index = pattern.names.iter().position(|known| known == name)?;
            values.get(index).map(|value| (*value).to_owned())
        };
        fill(&pattern.translation, value).into()
    }

    /// Translates a sentence and fills in its placeholders.
    pub fn format(&self, sentence: &str, value: impl Fn(&str) -> Option<String>) -> String {
        fill(self.sentences.get(sentence).map_or(sentence, String::as_str), value)
    }
}

/// Fills in placeholders. Values are not translated, because they may be names that people chose.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let replacement =
        |placeholder: &Captures<'_>| value(&placeholder[1]).unwrap_or_else(|| placeholder[0].to_owned());
    PLACEHOLDER.replace_all(template, replacement).into_owned()
}
