//! The layers of the configuration: defaults, file, environment.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use figment::providers::{Format, Toml};
use figment::value::{Num, Value};
use figment::{Figment, Metadata, Source};

use super::environment::{self, Environment};
use super::private::others_may_read_settings;
use super::{Config, check, error_message, example, smtp_url};
use crate::printable;

const SYSTEM_FILE: &str = "/etc/pledge4future-auth/config.toml";

/// The settings in force, and where each came from.
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    figment: Figment,
}

/// One setting as `check-config` prints it.
pub struct Setting {
    /// Its name, with dots between levels.
    pub name: String,
    /// Its value in TOML; secrets masked.
    pub value: String,
    /// "default", "environment" or the path of a file.
    pub source: String,
    /// Whether the value was given and is not the default.
    pub is_changed: bool,
}

/// Reads the settings: `file` if it is given, else the first file that is there, and the environment.
///
/// # Errors
/// One sentence that names the setting or file at fault.
pub fn load(file: Option<&Path>) -> Result<Loaded> {
    let file = match file {
        Some(named) => Some(named.to_owned()),
        None => found_file(),
    };
    let mut figment = example::LAYER.clone();
    if let Some(path) = &file {
        std::fs::metadata(path)
            .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
        figment = figment.merge(Toml::file_exact(path));
    }
    finish(figment.merge(Environment), file)
}

/// Reads the settings from a text in place of a file, without the environment.
///
/// # Errors
/// As [`load`].
pub fn load_text(toml: &str) -> Result<Loaded> {
    finish(example::LAYER.clone().merge(Toml::string(toml)), None)
}

fn found_file() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("P4F_AUTH_CONFIG") {
        return Some(named.into());
    }
    [Path::new("config.toml"), Path::new(SYSTEM_FILE)]
        .into_iter()
        .find(|path| path.exists())
        .map(Path::to_owned)
}

fn finish(figment: Figment, file: Option<PathBuf>) -> Result<Loaded> {
    let refusal = |sentence: String| anyhow!(printable::single_line(&sentence));
    let mut config: Config = figment.extract().map_err(|error| refusal(error_message::sentence(error)))?;
    config.public_url.truncate(config.public_url.trim_end_matches('/').len());
    match check::complaint(&config) {
        Some(complaint) => Err(refusal(complaint)),
        None => Ok(Loaded { config, file, figment }),
    }
}

impl Loaded {
    /// Returns the configuration file if it holds a secret and others may read it.
    pub fn readable_by_others(&self) -> Option<&Path> {
        let file = self.file.as_deref()?;
        let in_file = |name| {
            let source = self.figment.find_metadata(name).and_then(|metadata| metadata.source.as_ref());
            matches!(source, Some(Source::File(_)))
        };
        let has_password = || self.config.mail.smtp_url.as_ref().is_some_and(smtp_url::has_password);
        let holds_secret = in_file("secret_key") || (in_file("mail.smtp_url") && has_password());
        (holds_secret && others_may_read_settings(file).unwrap_or(false)).then_some(file)
    }

    /// Every setting in the order of `config.example.toml`, those whose defaults are worked out among them.
    pub fn settings(&self) -> Vec<Setting> {
        example::settings().map(|shown| self.setting(shown.name)).collect()
    }

    fn setting(&self, name: String) -> Setting {
        let Ok(value) = self.figment.find_value(&name) else {
            let value = self.worked_out(&name).unwrap_or_default();
            return Setting { name, value, source: "default".to_owned(), is_changed: false };
        };
        let default = example::LAYER.find_value(&name).ok();
        let is_changed = default.is_none_or(|default| toml(&default) != toml(&value));
        let metadata = self.figment.get_metadata(value.tag());
        let source = match metadata {
            Some(Metadata { source: Some(Source::File(path)), .. }) => path.display().to_string(),
            Some(metadata) if metadata.name == environment::NAME => environment::NAME.to_owned(),
            _ => "default".to_owned(),
        };
        let value = match (name.as_str(), &self.config.mail.smtp_url) {
            ("secret_key", _) => "\"***\"".to_owned(),
            ("mail.smtp_url", Some(url)) => format!("{:?}", smtp_url::masked(url)),
            _ => toml(&value),
        };
        Setting { name, value, source, is_changed }
    }

    /// The value of a setting that nobody gave and that has no fixed default.
    fn worked_out(&self, name: &str) -> Option<String> {
        let config = &self.config;
        match name {
            "site_name" => Some(format!("{:?}", config.site_name())),
            "secret_key" => Some("(kept in secret_key_file)".to_owned()),
            "secret_key_file" => Some(format!("{:?}", config.secret_key_file())),
            "mail.directory" => Some(format!("{:?}", config.mail_directory())),
            "mail.smtp_ca_file" | "mail.templates" | "http.tls.acme_ca_file" => {
                Some("(those that are built in)".to_owned())
            }
            "pages.branding.name" => Some(format!("{:?}", config.branding_name())),
            "graphql.suggestions" => Some(config.graphql.suggestions().to_string()),
            "mail.smtp_url"
            | "links.join_requests"
            | "links.sign_in"
            | "pages.branding.logo"
            | "http.tls.certificate"
            | "http.tls.key"
            | "http.tls.acme"
            | "http.tls.acme_contact" => Some("(none)".to_owned()),
            "metrics.listen" => Some("(that of the server)".to_owned()),
            "passwords.hashing_threads" => Some(config.hashing_threads().to_string()),
            _ => None,
        }
    }
}

fn toml(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Array(_, items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => whole(*number),
        Value::Dict(_, members) => {
            let members = members.iter().map(|(name, value)| format!("{name} = {}", toml(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// No setting has a fraction.
fn whole(number: Num) -> String {
    match (number.to_i128(), number.to_u128()) {
        (Some(signed), _) => signed.to_string(),
        (None, Some(unsigned)) => unsigned.to_string(),
        (None, None) => format!("{number:?}"),
    }
}
