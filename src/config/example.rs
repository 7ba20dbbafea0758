//! `config.example.toml`: the lowest layer of the configuration, and what is known of each setting.

use std::sync::LazyLock;

use figment::Figment;
use figment::providers::{Format, Toml};

/// The file.
const TEXT: &str = include_str!("../../config.example.toml");

/// The file as a layer, read once: it is longer than what lies above it.
pub(super) static LAYER: LazyLock<Figment> = LazyLock::new(|| Figment::from(Toml::string(TEXT)));

/// A setting as the example shows it.
pub(super) struct Shown {
    /// Its name, with dots between levels.
    pub(super) name: String,
    /// Its value in TOML; for one whose default is worked out, an example.
    pub(super) value: &'static str,
}

/// All settings, in the order of the file; those that are commented out among them.
pub(super) fn settings() -> impl Iterator<Item = Shown> {
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
        Some(Shown { name, value })
    })
}
