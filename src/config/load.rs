use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use figment::providers::{Format as _, Toml};
use figment::{Figment, Source};

use super::check::check;
use super::environment::{self, Environment};
use super::setting::Origin;
use super::{Config, error_message, example, smtp_url};
use crate::printable::single_line;

const SYSTEM_FILE: &str = "/etc/pledge4future-auth/config.toml";

/// The settings, and the configuration file if there is one.
pub struct Loaded {
    pub config: Config,
    pub file: Option<PathBuf>,
}

/// Loads the settings from a file and the environment. Without `file`, the file that the environment names is used, or else
/// the first default file that exists. Errors name the setting or the file.
pub fn load(file: Option<&Path>) -> Result<Loaded> {
    let file = file.map(Path::to_owned).or_else(find_file);
    let mut figment = example::DEFAULTS.clone();
    if let Some(path) = &file {
        std::fs::metadata(path)
            .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
        figment = figment.merge(Toml::file_exact(path));
    }
    extract(figment.merge(Environment), file)
}

/// Loads the settings from a string, without the environment.
pub fn load_text(toml: &str) -> Result<Loaded> {
    extract(example::DEFAULTS.clone().merge(Toml::string(toml)), None)
}

fn find_file() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(environment::CONFIG_FILE) {
        return Some(named.into());
    }
    [Path::new("config.toml"), Path::new(SYSTEM_FILE)]
        .into_iter()
        .find(|path| path.exists())
        .map(Path::to_owned)
}

fn extract(figment: Figment, file: Option<PathBuf>) -> Result<Loaded> {
    let mut config: Config =
        figment.extract().map_err(|error| anyhow!(single_line(&error_message::describe(error))))?;
    config.public_url.truncate(config.public_url.trim_end_matches('/').len());
    check(&config).map_err(|error| anyhow!(single_line(&format!("{error:#}"))))?;
    config.origin = Origin(figment);
    Ok(Loaded { config, file })
}

impl Loaded {
    /// Returns the configuration file if it contains a secret and others may read it.
    pub fn exposed_file(&self) -> Option<&Path> {
        let file = self.file.as_deref()?;
        let is_in_file = |name| {
            let source =
                self.config.origin.0.find_metadata(name).and_then(|metadata| metadata.source.as_ref());
            matches!(source, Some(Source::File(_)))
        };
        let has_password = || self.config.mail.smtp_url.as_ref().is_some_and(smtp_url::has_password);
        let has_secret = is_in_file("secret_key")
            || is_in_file("database.url")
            || (is_in_file("mail.smtp_url") && has_password());
        let metadata = std::fs::metadata(file).ok()?;
        // If root owns the file, its group is taken to be that of the service, which must be able to read the file.
        let forbidden_bits = if metadata.uid() == 0 { 0o007 } else { 0o077 };
        (has_secret && metadata.mode() & forbidden_bits != 0).then_some(file)
    }
}
