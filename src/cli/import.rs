//! `import`

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use super::{explain, open, print};
use crate::app::App;
use crate::config::Config;
use crate::transfer::bundled;
use crate::transfer::file::{self, ImportFile};
use crate::transfer::import::{self, Tally};

/// Data that the program brings along.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Bundled {
    /// The fields of research and development of the OECD, 42 in number.
    ResearchFields,
}

pub(super) fn run(
    config: &Config,
    file: Option<&Path>,
    bundled: Option<Bundled>,
    dry_run: bool,
) -> Result<()> {
    let read = file.map(read).transpose()?;
    // To look at a database that is not there must not make one.
    let elsewhere = if dry_run && !config.database().exists() { Some(tempfile::tempdir()?) } else { None };
    let mut config = config.clone();
    if let Some(elsewhere) = &elsewhere {
        config.data_dir = elsewhere.path().to_owned();
    }
    let app = open(&config)?;
    let contents = match (read, bundled) {
        (Some(contents), _) => contents,
        (None, Some(Bundled::ResearchFields)) => {
            explain("the bundled data: nothing was imported", bundled::research_fields(&app))?
        }
        (None, None) => bail!("name a file to import, or --bundled and what"),
    };
    let source = file.map_or("the bundled data".to_owned(), |file| file.display().to_string());
    let report =
        explain(&format!("{source}: nothing was imported"), with_progress(&app, &contents, dry_run))?;
    let line = |what: &str, tally: &Tally| {
        format!("{what}: {} imported or corrected, {} as they were\n", tally.changed, tally.kept)
    };
    let heading = if dry_run { "Nothing is kept of this (--dry-run).\n" } else { "" };
    print(&format!(
        "{heading}{}{}{}{}",
        line("institutions", &report.institutions),
        line("research fields", &report.research_fields),
        line("accounts", &report.accounts),
        line("working groups", &report.groups)
    ))
}

fn read(path: &Path) -> Result<ImportFile> {
    let json = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    file::parse(&json).map_err(|faults| {
        let lines: String =
            faults.iter().map(|fault| format!("\n  {}: {}", fault.path, fault.problem)).collect();
        anyhow::anyhow!("{}: nothing was imported. Mend these first:{lines}", path.display())
    })
}

/// On a terminal a bar shows how far it is.
fn with_progress(app: &App, contents: &ImportFile, dry_run: bool) -> crate::accounts::Result<import::Report> {
    let bar = ProgressBar::new(contents.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len}, {eta} left") {
        bar.set_style(style);
    }
    let report = import::import(app, contents, dry_run, &|| bar.inc(1));
    bar.finish_and_clear();
    report
}
