//! Settings from environment variables that begin with `P4F_AUTH_`.

use std::collections::HashMap;

use figment::error::Error;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::example;

/// The source of a setting in `check-config`.
pub(super) const NAME: &str = "environment";

const PREFIX: &str = "P4F_AUTH_";
/// Names the configuration file, and is not a setting.
const FILE: &str = "P4F_AUTH_CONFIG";

pub(super) struct Environment;

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(NAME)
    }

    /// Parses a value by the type of the setting. A string is not parsed, so that a key of digits needs no quotation
    /// marks. A list is separated by commas, or written in TOML. All other values are written in TOML. figment's own
    /// provider guesses the type from the value.
    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut settings = Dict::new();
        let examples: HashMap<String, &str> =
            example::settings().map(|example| (example.name, example.value)).collect();
        for (variable, value) in std::env::vars_os() {
            let variable = variable.to_string_lossy();
            let Some(name) = variable.strip_prefix(PREFIX).filter(|_| variable != FILE) else { continue };
            let Ok(value) = value.into_string() else {
                return Err(Error::from(format!("{variable} is not valid UTF-8; set it to UTF-8 text")));
            };
            let name = name.to_lowercase().replace("__", ".");
            let value = match examples.get(&name).and_then(|example| example.chars().next()) {
                Some('"') => Value::from(value),
                Some('[') if !value.trim_start().starts_with('[') => split_list(&value),
                _ => value.parse().unwrap_or_else(|_| Value::from(value)),
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

fn split_list(text: &str) -> Value {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    Value::from(entries.map(str::to_owned).collect::<Vec<_>>())
}
