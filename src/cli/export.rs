use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::database::open;
use super::explain;
use super::output::print;
use crate::config::Config;
use crate::private_files;
use crate::transfer::import::Tally;
use crate::transfer::{django, export};

pub(super) fn run(config: &Config, path: &Path, for_django: bool) -> Result<()> {
    let app = open(config)?;
    let counts = private_files::create(path, |file| {
        let mut buffer = BufWriter::new(file);
        let unwritable = || format!("{} cannot be written", path.display());
        let counts = if for_django {
            explain(&unwritable(), django::export::export(&app, &mut buffer))?
        } else {
            let report = explain(&unwritable(), export::export(&app, &mut buffer))?;
            let count = |name: &str, tally: &Tally| (name.to_owned(), tally.kept as u64);
            vec![
                count("institutions", &report.institutions),
                count("research fields", &report.research_fields),
                count("accounts", &report.accounts),
                count("working groups", &report.groups),
            ]
        };
        buffer.flush().with_context(unwritable)?;
        Ok(counts)
    })?;
    let lines: String = counts.iter().map(|(name, count)| format!("{name}: {count}\n")).collect();
    print(&format!("{lines}{} contains addresses and password hashes; keep it private.\n", path.display()))
}
