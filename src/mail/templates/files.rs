//! The files of mail templates: the built-in ones, those of the site, and those of the site for one language.

use std::fs::DirEntry;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use rust_embed::RustEmbed;

use crate::config::{Config, TEMPLATE_VARIABLES};
use crate::language::{Language, Languages};

#[derive(RustEmbed)]
#[folder = "assets/mail/"]
struct BuiltIn;

/// A template with the name that errors show.
struct Source {
    shown: String,
    text: String,
}

/// Loads the templates in one language.
pub(super) fn load(config: &Config, language: &Language) -> Result<Environment<'static>> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| {
        if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
    });
    for name in BuiltIn::iter() {
        let Source { shown, text } = read(config, language, &name)?;
        environment
            .add_template_owned(name.to_string(), text)
            .map_err(|error| anyhow!("mail.templates: {shown}: {error}"))?;
        reject_unknown_variables(&environment, &name, &shown, config)?;
    }
    Ok(environment)
}

/// Rejects files that no mail uses and folders that belong to no language, because their names are probably misspelled.
pub(super) fn reject_unknown(config: &Config, languages: &Languages) -> Result<()> {
    let Some(folder) = &config.mail.templates else { return Ok(()) };
    for (path, name) in entries(folder)? {
        if !path.is_dir() {
            reject_unknown_file(&name, &name)?;
            continue;
        }
        let codes: Vec<_> = languages.all().iter().map(|language| language.code.as_str()).collect();
        ensure!(
            codes.contains(&name.as_str()),
            "mail.templates: the folder {name} is not named after a language; the languages are {}",
            codes.join(", ")
        );
        for (_, file) in entries(&path)? {
            reject_unknown_file(&file, &format!("{name}/{file}"))?;
        }
    }
    Ok(())
}

/// Returns the paths and names in a folder, without hidden ones: a folder that Kubernetes mounts contains some.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let unreadable = || format!("mail.templates: {} cannot be read", folder.display());
    let entries: Vec<DirEntry> =
        std::fs::read_dir(folder).and_then(Iterator::collect).with_context(unreadable)?;
    let named = entries.into_iter().map(|entry| (entry.path(), entry.file_name().display().to_string()));
    Ok(named.filter(|(_, name)| !name.starts_with('.')).collect())
}

fn reject_unknown_file(name: &str, shown: &str) -> Result<()> {
    let is_template = name.ends_with(".txt") || name.ends_with(".html");
    if is_template && BuiltIn::get(name).is_none() {
        let known: Vec<_> = BuiltIn::iter().collect();
        bail!("mail.templates: no mail uses {shown}; the names are {}", known.join(", "));
    }
    Ok(())
}

/// Rejects unknown variables. Unlike the errors of minijinja, this error contains the name of the variable.
fn reject_unknown_variables(
    environment: &Environment<'_>,
    name: &str,
    shown: &str,
    config: &Config,
) -> Result<()> {
    let configured = config.mail.variables.keys().map(String::as_str);
    let known: Vec<&str> = TEMPLATE_VARIABLES.into_iter().chain(configured).collect();
    let mut used: Vec<String> =
        environment.get_template(name)?.undeclared_variables(false).into_iter().collect();
    used.sort();
    if let Some(unknown) = used.iter().find(|used| !known.contains(&used.as_str())) {
        bail!(
            "mail.templates: {shown} uses the unknown variable {unknown}; add it to mail.variables, or use one of {}",
            known.join(", ")
        );
    }
    Ok(())
}

/// Reads the template of the site for the language, or else that of the site for all languages, or else the built-in one.
fn read(config: &Config, language: &Language, name: &str) -> Result<Source> {
    let folder = config.mail.templates.iter();
    for shown in [format!("{}/{name}", language.code), name.to_owned()] {
        for path in folder.clone().map(|folder| folder.join(&shown)) {
            match std::fs::read_to_string(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                read => {
                    let text =
                        read.with_context(|| format!("mail.templates: {} cannot be read", path.display()))?;
                    return Ok(Source { shown, text });
                }
            }
        }
    }
    let file = BuiltIn::get(name).with_context(|| format!("the template {name} is missing"))?;
    Ok(Source { shown: name.to_owned(), text: String::from_utf8(file.data.into_owned())? })
}
