//! Settings from environment variables that begin with `P4F_AUTH_`.

use figment::error::Error;
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::example;

/// The source that `check-config` names for these settings.
pub(super) const NAME: &str = "environment";

const PREFIX: &str = "P4F_AUTH_";
/// The variable that names the configuration file. It is not a setting.
pub(super) const CONFIG_FILE: &str = "P4F_AUTH_CONFIG";

pub(super) struct Environment;

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(NAME)
    }

    /// Parses each value according to the type of its setting. A string is taken as it is, even if it consists of
    /// digits. Lists are separated by commas or written in TOML. All other values are written in TOML. figment's own
    /// provider is not used, because it guesses the type from the value.
    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut settings = Dict::new();
        for (variable, value) in std::env::vars_os() {
            let variable = variable.to_string_lossy();
            let Some(name) = variable.strip_prefix(PREFIX).filter(|_| variable != CONFIG_FILE) else {
                continue;
            };
            let Ok(value) = value.into_string() else {
                return Err(Error::from(format!("{variable} is not valid UTF-8; set it to UTF-8 text")));
            };
            let name = name.to_lowercase().replace("__", ".");
            let example = example::settings().find(|example| example.name == name);
            let value = match example.and_then(|example| example.value.chars().next()) {
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
