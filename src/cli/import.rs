use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::ValueEnum;

use super::database::open_or_create;
use super::explain;
use super::output::{print, progress_bar};
use crate::app::App;
use crate::config::Config;
use crate::error;
use crate::transfer::bundled;
use crate::transfer::file::{self, ImportFile};
use crate::transfer::import::{self, Report, Tally};

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Bundled {
    /// The 42 fields of research and development of the OECD.
    ResearchFields,
}

pub(super) fn run(
    config: &Config,
    path: Option<&Path>,
    bundled: Option<Bundled>,
    dry_run: bool,
) -> Result<()> {
    let contents = path.map(read_file).transpose()?;
    let is_missing = config.location()?.file().is_some_and(|path| !path.exists());
    // A dry run must not create the database.
    let temporary = (dry_run && is_missing).then(tempfile::tempdir).transpose()?;
    let mut config = config.clone();
    if let Some(folder) = &temporary {
        config.data_dir = folder.path().to_owned();
    }
    let app = open_or_create(&config)?;
    let contents = match (contents, bundled) {
        (Some(contents), _) => contents,
        (None, Some(Bundled::ResearchFields)) => {
            explain("the bundled data: nothing was imported", bundled::research_fields(&app))?
        }
        (None, None) => bail!("name a file, or use --bundled"),
    };
    let source = path.map_or("the bundled data".to_owned(), |path| path.display().to_string());
    let imported = import_with_progress(&app, &contents, dry_run);
    let report = explain(&format!("{source}: nothing was imported"), imported)?;
    let tallies = [
        ("institutions", report.institutions),
        ("research fields", report.research_fields),
        ("accounts", report.accounts),
        ("working groups", report.groups),
    ];
    let line = |(name, Tally { changed, kept })| {
        format!("{name}: {changed} imported or updated, {kept} unchanged\n")
    };
    let lines: String = tallies.into_iter().map(line).collect();
    print(&format!(
        "{}{lines}",
        if dry_run { "Dry run: nothing was changed. An import would give:\n" } else { "" }
    ))
}

fn read_file(path: &Path) -> Result<ImportFile> {
    let json = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    file::parse(&json).map_err(|faults| {
        let lines: String =
            faults.iter().map(|fault| format!("\n  {}: {}", fault.path, fault.problem)).collect();
        anyhow!("{}: nothing was imported. Fix these first:{lines}", path.display())
    })
}

fn import_with_progress(app: &App, contents: &ImportFile, dry_run: bool) -> error::Result<Report> {
    let bar = progress_bar("");
    bar.set_length(contents.len() as u64);
    let report = import::import(app, contents, dry_run, &|done| bar.set_position(done));
    bar.finish_and_clear();
    report
}
