//! `export`

use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::{open_there, print, told};
use crate::config::Config;
use crate::transfer::export;

pub(super) fn run(config: &Config, file: &Path) -> Result<()> {
    let app = open_there(config)?;
    if file.exists() {
        bail!("{} is there already; choose another name, or take it away first", file.display());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unwritable = || format!("{} cannot be written", file.display());
    // Under another name until it is whole, and readable by its owner alone.
    let mut whole = BufWriter::new(tempfile::NamedTempFile::new_in(folder).with_context(unwritable)?);
    let report = told(&unwritable(), export::export(&app, &mut whole))?;
    whole.flush().with_context(unwritable)?;
    let whole = whole.into_inner().with_context(unwritable)?;
    whole.as_file().sync_all().with_context(unwritable)?;
    whole.persist_noclobber(file).with_context(unwritable)?;
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
