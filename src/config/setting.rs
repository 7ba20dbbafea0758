use std::fmt;

use figment::value::Value;
use figment::{Figment, Metadata, Source};

use super::{Config, Loaded, environment, example, smtp_url};

/// The values as they were read, with their sources. They contain secrets.
#[derive(Clone, Default)]
pub(super) struct Origin(pub(super) Figment);

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin")
    }
}

/// A setting as `check-config` prints it.
pub struct Setting {
    /// The name, with dots between levels.
    pub name: String,
    /// The value in TOML, without secrets.
    pub value: String,
    /// "default", "environment" or the path of a file.
    pub source: String,
    /// Whether the value differs from the default.
    pub is_changed: bool,
}

impl Loaded {
    /// Returns every setting, in the order of `config.example.toml`.
    pub fn settings(&self) -> Vec<Setting> {
        self.config.settings()
    }
}

impl Config {
    /// Returns every setting, in the order of `config.example.toml`.
    pub fn settings(&self) -> Vec<Setting> {
        example::settings().map(|example| self.setting(example.name)).collect()
    }

    fn setting(&self, name: String) -> Setting {
        let Ok(value) = self.origin.0.find_value(&name) else {
            let value = self.describe_default(&name);
            return Setting { name, value, source: "default".to_owned(), is_changed: false };
        };
        let default = example::DEFAULTS.find_value(&name).ok();
        let is_changed = default.is_none_or(|default| to_toml(&default) != to_toml(&value));
        let source = match self.origin.0.get_metadata(value.tag()) {
            Some(Metadata { source: Some(Source::File(path)), .. }) => path.display().to_string(),
            Some(metadata) if metadata.name == environment::NAME => environment::NAME.to_owned(),
            _ => "default".to_owned(),
        };
        let value = match (name.as_str(), &self.mail.smtp_url) {
            ("secret_key", _) => "\"***\"".to_owned(),
            ("database.url", _) => format!(
                "{:?}",
                self.location().map_or_else(|_| "***".to_owned(), |location| location.describe())
            ),
            ("mail.smtp_url", Some(url)) => format!("{:?}", smtp_url::mask_password(url)),
            _ => to_toml(&value),
        };
        Setting { name, value, source, is_changed }
    }

    /// Describes the default of a setting that is commented out in `config.example.toml`.
    fn describe_default(&self, name: &str) -> String {
        let config = self;
        match name {
            "site_name" => format!("{:?}", config.site_name()),
            "secret_key" => "(kept in secret_key_file)".to_owned(),
            "secret_key_file" => format!("{:?}", config.secret_key_file()),
            "mail.directory" => format!("{:?}", config.mail_directory()),
            "database.url" => format!("(the file {})", config.sqlite_file().display()),
            "database.ca_file"
            | "mail.smtp_ca_file"
            | "mail.templates"
            | "pages.templates"
            | "http.tls.acme_ca_file" => "(built in)".to_owned(),
            "pages.branding.name" => format!("{:?}", config.branding_name()),
            "graphql.suggestions" => config.graphql.suggestions().to_string(),
            "metrics.listen" => "(the address of the server)".to_owned(),
            "passwords.hashing_threads" => config.passwords.hashing_threads().to_string(),
            _ => "(none)".to_owned(),
        }
    }
}

/// Formats a value in TOML on one line, which figment does not do.
fn to_toml(value: &Value) -> String {
    match value {
        Value::Array(_, items) => format!("[{}]", items.iter().map(to_toml).collect::<Vec<_>>().join(", ")),
        Value::Dict(_, members) => {
            let members = members.iter().map(|(name, value)| format!("{name} = {}", to_toml(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        // JSON has the same strings, integers and booleans.
        scalar => serde_json::to_string(scalar).unwrap_or_default(),
    }
}
