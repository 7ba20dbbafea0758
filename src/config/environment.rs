//! The highest layer of the configuration: variables that begin with `P4F_AUTH_`.

use std::collections::HashMap;

use figment::error::Error;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::example;

/// How the source of a setting is called that came from here.
pub(super) const NAME: &str = "environment";

const PREFIX: &str = "P4F_AUTH_";
/// Names the configuration file, and is no setting.
const FILE: &str = "P4F_AUTH_CONFIG";

/// The variables of the process.
pub(super) struct Environment;

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(NAME)
    }

    /// Reads a value by the type that the setting has in the example. A string is taken as it is, so that a key of
    /// digits needs no quotation marks. A list is separated by commas, or written as in TOML. Everything else is read
    /// as TOML.
    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut settings = Dict::new();
        let shown: HashMap<String, &str> =
            example::settings().map(|shown| (shown.name, shown.value)).collect();
        for (variable, value) in std::env::vars_os() {
            let variable = variable.to_string_lossy();
            let Some(name) = variable.strip_prefix(PREFIX).filter(|_| variable != FILE) else { continue };
            let Ok(value) = value.into_string() else {
                return Err(Error::from(format!("{variable} is not valid UTF-8; set it to UTF-8 text")));
            };
            let name = name.to_lowercase().replace("__", ".");
            let value = match shown.get(&name).and_then(|shown| shown.chars().next()) {
                Some('"') => Value::from(value),
                Some('[') if !value.trim_start().starts_with('[') => list(&value),
                _ => parse(&value),
            };
            insert(&mut settings, &name, value);
        }
        Ok(Profile::Default.collect(settings))
    }
}

fn insert(settings: &mut Dict, name: &str, value: Value) {
    let Some((section, rest)) = name.split_once('.') else {
        settings.insert(name.to_owned(), value);
        return;
    };
    let section = settings.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
    if let Value::Dict(_, settings) = section {
        insert(settings, rest, value);
    }
}

fn list(text: &str) -> Value {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    Value::from(entries.map(str::to_owned).collect::<Vec<_>>())
}

fn parse(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}
