//! `import`

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{open, print};
use crate::accounts::import::{self, Tally};
use crate::accounts::{Error, import_file};
use crate::config::Config;

pub(super) fn run(config: &Config, file: &Path, dry_run: bool) -> Result<()> {
    let json = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let contents = match import_file::parse(&json) {
        Ok(contents) => contents,
        Err(faults) => {
            let lines: String =
                faults.iter().map(|fault| format!("\n  {}: {}", fault.path, fault.problem)).collect();
            bail!("{}: nothing was imported. Mend these first:{lines}", file.display());
        }
    };
    // To look at a database that is not there must not make one.
    let elsewhere = if dry_run && !config.database().exists() { Some(tempfile::tempdir()?) } else { None };
    let mut config = config.clone();
    if let Some(elsewhere) = &elsewhere {
        config.data_dir = elsewhere.path().to_owned();
    }
    let report = match import::import(&open(&config)?, &contents, dry_run) {
        Ok(report) => report,
        Err(Error::Misused(sentence)) => bail!("{}: nothing was imported: {sentence}", file.display()),
        Err(Error::Refused(errors)) => {
            bail!("{}: nothing was imported: {}", file.display(), errors.first_message())
        }
        Err(Error::Internal(error)) => return Err(error),
    };
    let line = |what: &str, tally: &Tally| {
        format!("{what}: {} imported or corrected, {} as they were\n", tally.changed, tally.kept)
    };
    let heading = if dry_run { "Nothing is kept of this (--dry-run).\n" } else { "" };
    print(&format!(
        "{heading}{}{}{}",
        line("institutions", &report.institutions),
        line("research fields", &report.research_fields),
        line("accounts", &report.accounts)
    ))
}
