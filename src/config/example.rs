//! `config.example.toml`: the lowest layer of the configuration, and what is known of each setting.

/// The file.
pub(super) const TEXT: &str = include_str!("../../config.example.toml");

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
