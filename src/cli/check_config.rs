//! `check-config`

use anyhow::Result;

use super::print;
use crate::config::{Loaded, Setting};

pub(super) fn run(loaded: &Loaded) -> Result<()> {
    let settings = loaded.settings();
    let line = |setting: &Setting| format!("{} = {}", setting.name, setting.value);
    let width = settings.iter().map(|setting| line(setting).chars().count()).max().unwrap_or_default();
    let mut text = match &loaded.file {
        Some(file) => format!("# The configuration is good. File: {}\n", file.display()),
        None => "# The configuration is good. No file: defaults and environment\n".to_owned(),
    };
    for setting in &settings {
        text.push_str(&format!("{:width$}  # {}\n", line(setting), setting.source));
    }
    print(&text)
}
