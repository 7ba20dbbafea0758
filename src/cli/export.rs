use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::database::open;
use super::explain;
use super::output::print;
use crate::config::Config;
use crate::private_files;
use crate::transfer::django::export::Exported;
use crate::transfer::import::Report;
use crate::transfer::{django, export};

pub(super) fn run(config: &Config, path: &Path, for_django: bool) -> Result<()> {
    let app = open(config)?;
    let unwritable = || format!("{} cannot be written", path.display());
    let lines = private_files::create(path, |file| {
        let mut buffer = BufWriter::new(file);
        let lines = if for_django {
            let exported = explain(&unwritable(), django::export::export(&app, &mut buffer))?;
            describe_objects(&exported)
        } else {
            describe(&explain(&unwritable(), export::export(&app, &mut buffer))?)
        };
        buffer.flush().with_context(unwritable)?;
        Ok(lines)
    })?;
    print(&format!("{lines}{} contains addresses and password hashes; keep it private.\n", path.display()))
}

fn describe(report: &Report) -> String {
    format!(
        "institutions: {}\nresearch fields: {}\naccounts: {}\nworking groups: {}\n",
        report.institutions.kept, report.research_fields.kept, report.accounts.kept, report.groups.kept
    )
}

fn describe_objects(exported: &Exported) -> String {
    let mut lines: String =
        exported.objects.iter().map(|(label, count)| format!("{label}: {count}\n")).collect();
    for (kind, count) in &exported.left_out {
        let kind = <&str>::from(*kind).replace('_', " ");
        lines += &format!("{kind}: {count} left out, because Django has no model for them\n");
    }
    lines
}
