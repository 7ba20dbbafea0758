//! `check-config`

use anyhow::Result;

use super::print;
use crate::app::given_key;
use crate::config::{Loaded, Setting};

pub(super) fn run(loaded: &Loaded) -> Result<()> {
    let settings = loaded.settings();
    let line = |setting: &Setting| format!("{} = {}", setting.name, setting.value);
    let width = settings.iter().map(|setting| line(setting).chars().count()).max().unwrap_or_default();
    let mut text = match &loaded.file {
        Some(file) => format!("# The configuration is good. File: {}\n", file.display()),
        None => "# The configuration is good. No file: defaults and environment\n".to_owned(),
    };
    if let Some(file) = loaded.readable_by_others() {
        text.push_str(&format!(
            "# {} holds a secret and others may read it: run `chmod 600` on it\n",
            file.display()
        ));
    }
    if given_key(&loaded.config)?.is_some_and(|key| key.is_short()) {
        text.push_str(
            "# The secret key has fewer than 32 characters: tokens may be forged by who guesses it\n",
        );
    }
    for setting in &settings {
        text.push_str(&format!("{:width$}  # {}\n", line(setting), setting.source));
    }
    print(&text)
}
