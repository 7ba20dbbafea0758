//! `export`

use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{atomic_file, explain, open_there, print};
use crate::config::Config;
use crate::transfer::export;

pub(super) fn run(config: &Config, file: &Path) -> Result<()> {
    let app = open_there(config)?;
    let unwritable = || format!("{} cannot be written", file.display());
    let report = atomic_file::make(file, |whole| {
        let mut buffer = BufWriter::new(whole);
        let report = explain(&unwritable(), export::export(&app, &mut buffer))?;
        buffer.flush().with_context(unwritable)?;
        Ok(report)
    })?;
    print(&format!(
        "institutions: {}\nresearch fields: {}\naccounts: {}\nworking groups: {}\n\
         {} holds addresses and password hashes: keep it where nobody else can read it.\n",
        report.institutions.kept,
        report.research_fields.kept,
        report.accounts.kept,
        report.groups.kept,
        file.display()
    ))
}
