//! `check-config`

use anyhow::Result;

use super::{is_not_there, print};
use crate::app::given_key;
use crate::config::{Loaded, Setting};

pub(super) fn run(loaded: &Loaded, changed: bool) -> Result<()> {
    let mut settings = loaded.settings();
    settings.retain(|setting| setting.is_changed || !changed);
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
    match given_key(&loaded.config) {
        Ok(Some(key)) if key.is_short() => text.push_str(
            "# The secret key has fewer than 32 characters: tokens may be forged by who guesses it\n",
        ),
        Ok(_) => {}
        Err(error) if is_not_there(&error) => text.push_str(&format!(
            "# secret_key_file: {} is not there at the moment; the server does not start without it\n",
            loaded.config.secret_key_file().display()
        )),
        Err(error) => return Err(error),
    }
    if settings.is_empty() {
        text.push_str("# All settings have their defaults\n");
    }
    for setting in &settings {
        text.push_str(&format!("{:width$}  # {}\n", line(setting), setting.source));
    }
    print(&text)
}
