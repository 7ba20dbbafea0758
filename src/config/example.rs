//! `config.example.toml`, which contains each setting with its default. A setting without a fixed default is commented out
//! and has an example value.

use std::sync::LazyLock;

use figment::Figment;
use figment::providers::{Format as _, Toml};

const TEXT: &str = include_str!("../../config.example.toml");

pub(super) static DEFAULTS: LazyLock<Figment> = LazyLock::new(|| Figment::from(Toml::string(TEXT)));

pub(super) struct ExampleSetting {
    /// The name, with dots between levels.
    pub(super) name: String,
    /// The value in TOML: the default, or an example if there is no fixed default.
    pub(super) value: &'static str,
}

/// Returns all settings in the order of the file, also those that are commented out.
pub(super) fn settings() -> impl Iterator<Item = ExampleSetting> {
    let mut section = "";
    TEXT.lines().filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            return None;
        }
        let (key, value) = line.trim_start_matches("# ").split_once(" = ")?;
        if !key.chars().all(|character| character.is_ascii_lowercase() || character == '_') {
            return None;
        }
        let name = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        Some(ExampleSetting { name, value })
    })
}
