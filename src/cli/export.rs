use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::database::open;
use super::explain;
use super::output::print;
use crate::config::Config;
use crate::private_files;
use crate::transfer::export;

pub(super) fn run(config: &Config, path: &Path, _django: bool) -> Result<()> {
    let app = open(config)?;
    let unwritable = || format!("{} cannot be written", path.display());
    let report = private_files::create(path, |file| {
        let mut buffer = BufWriter::new(file);
        let report = explain(&unwritable(), export::export(&app, &mut buffer))?;
        buffer.flush().with_context(unwritable)?;
        Ok(report)
    })?;
    print(&format!(
        "institutions: {}\nresearch fields: {}\naccounts: {}\nworking groups: {}\n\
         {} contains addresses and password hashes; keep it private.\n",
        report.institutions.kept,
        report.research_fields.kept,
        report.accounts.kept,
        report.groups.kept,
        path.display()
    ))
}
