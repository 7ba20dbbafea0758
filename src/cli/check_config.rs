use anyhow::Result;

use super::output::print;
use crate::app::secret_key;
use crate::config::{Loaded, Setting};

pub(super) fn run(loaded: &Loaded, only_changed: bool) -> Result<()> {
    let mut settings = loaded.settings();
    settings.retain(|setting| setting.is_changed || !only_changed);
    let mut text = match &loaded.file {
        Some(file) => format!("# The configuration is valid. File: {}\n", file.display()),
        None => "# The configuration is valid. No file: defaults and environment\n".to_owned(),
    };
    if let Some(file) = loaded.exposed_file() {
        text.push_str(&format!(
            "# {} contains a secret and others may read it: run `chmod 600` on it\n",
            file.display()
        ));
    }
    match secret_key::load(&loaded.config) {
        Ok(Some(key)) if key.is_short() => text.push_str(
            "# The secret key has fewer than 32 characters: tokens can be forged by guessing the key\n",
        ),
        Ok(_) => {}
        // The file is missing. Any other error ends the program before this command runs.
        Err(_) => text.push_str(&format!(
            "# secret_key_file: {} does not exist at the moment; the server does not start without it\n",
            loaded.config.secret_key_file().display()
        )),
    }
    if settings.is_empty() {
        text.push_str("# All settings have their defaults\n");
    }
    let assignment = |setting: &Setting| format!("{} = {}", setting.name, setting.value);
    let width = settings.iter().map(|setting| assignment(setting).chars().count()).max().unwrap_or_default();
    for setting in &settings {
        text.push_str(&format!("{:width$}  # {}\n", assignment(setting), setting.source));
    }
    print(&text)
}
