use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret as _;

use super::database::open_locked;
use super::explain;
use super::output::{print, progress_bar};
use crate::app::secret_key::{self, ForeignKey};
use crate::app::{App, lock_data_dir};
use crate::clock::Clock;
use crate::config::Config;
use crate::printable::single_line;
use crate::store::{self, Store};
use crate::transfer::django::report::Report;
use crate::transfer::django::{self, Imported, OnConflict, Refused, Source, Staged};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ConflictAction {
    /// Import nothing.
    Fail,
    /// Leave out what conflicts.
    Skip,
    /// Change names that are taken, and leave out what conflicts otherwise.
    Rename,
}

impl From<ConflictAction> for OnConflict {
    fn from(action: ConflictAction) -> Self {
        match action {
            ConflictAction::Fail => Self::Fail,
            ConflictAction::Skip => Self::Skip,
            ConflictAction::Rename => Self::Rename,
        }
    }
}

pub(super) fn run(
    config: &Config,
    source: &str,
    key_file: Option<&Path>,
    dry_run: bool,
    on_conflict: ConflictAction,
) -> Result<()> {
    let key = key_file.map(secret_key::read_foreign).transpose()?;
    let site = Source::locate(source, &config.database)?;
    let staged = read(config, &site)?;
    let is_missing = config.location()?.file().is_some_and(|path| !path.exists());
    // A dry run must not create the database.
    let temporary = (dry_run && is_missing).then(tempfile::tempdir).transpose()?;
    let mut config = config.clone();
    if let Some(folder) = &temporary {
        config.data_dir = folder.path().to_owned();
    }
    let lock = config.location()?.file().map(|_| lock_data_dir(&config.data_dir)).transpose()?;
    let is_unused = require_alone(&config)?;
    let has_key = key.is_some();
    let foreign_key =
        key.map(|key| secret_key::check_foreign(&config, key, is_unused)).transpose()?.flatten();
    let taken_over = foreign_key.filter(|_| !dry_run).map(ForeignKey::take_over).transpose()?;
    let app = open_locked(&config, lock.as_ref(), taken_over.is_some())?;
    let on_conflict = OnConflict::from(on_conflict);
    let report = explain("nothing was imported", django::check(&app, &staged, on_conflict))?;
    print(&describe(&staged, &report, on_conflict))?;
    let has_conflicts = !report.conflicts.is_empty();
    if has_conflicts && on_conflict == OnConflict::Fail && !dry_run {
        bail!(
            "nothing was imported, because of conflicts. Solve them in Django, or repeat the command with \
             --on-conflict rename or --on-conflict skip"
        );
    }
    let imported = import(&app, &staged, &report, dry_run)?;
    if let Some(taken_over) = taken_over {
        taken_over.keep();
    }
    let heading = match (dry_run, on_conflict) {
        (false, _) => "Imported:",
        (true, OnConflict::Fail) if has_conflicts => {
            "Dry run: nothing was changed. With --on-conflict rename, an import would add:"
        }
        (true, _) => "Dry run: nothing was changed. An import would add:",
    };
    print(&summarize(heading, &report, &imported, has_key))
}

/// Fails if servers or commands use a shared database. Returns whether the database has never contained an account.
fn require_alone(config: &Config) -> Result<bool> {
    let location = match &config.database.url {
        // The connections of these are not counted.
        Some(url) => config.database.locate_for_move(url.expose_secret())?,
        None => config.location()?,
    };
    if location.file().is_some_and(|path| !path.exists()) {
        return Ok(true);
    }
    let store = Store::open(&location)?;
    store.require_alone()?;
    if store.schema()? == 0 {
        return Ok(true);
    }
    store.read_with_writer(|db| Ok(store::accounts::transfer::last_id(db)? == 0))
}

fn read(config: &Config, site: &Source) -> Result<Staged> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} objects read") {
        bar.set_style(style);
    }
    let staged = django::stage(config, Clock::System.now(), site, &|done| bar.set_position(done));
    bar.finish_and_clear();
    staged.context("nothing was imported")?.map_err(|Refused { faults, count }| {
        let lines: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        let more = count - faults.len();
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        anyhow::anyhow!("nothing was imported. Correct these values in Django first:{lines}{more}")
    })
}

fn import(app: &App, staged: &Staged, report: &Report, dry_run: bool) -> Result<Imported> {
    let bar = progress_bar(" accounts");
    bar.set_length(report.users.new);
    let imported = django::import(app, staged, dry_run, &|done| bar.set_position(done));
    bar.finish_and_clear();
    explain("nothing was imported", imported)
}

fn describe(staged: &Staged, report: &Report, on_conflict: OnConflict) -> String {
    let mut text = contents(report);
    let count = report.count_conflicts();
    if count > 0 {
        let _ = writeln!(text, "Conflicts: {count}");
    }
    for conflicts in &report.conflicts {
        for found in &conflicts.listed {
            let _ = writeln!(text, "  {}", single_line(&conflicts.describe(&staged.models, found)));
        }
        let more = conflicts.count - conflicts.listed.len() as u64;
        if more > 0 {
            let _ = writeln!(text, "  and {more} more like this");
        }
        let resolution = |on_conflict| conflicts.resolution(on_conflict);
        let _ = match on_conflict {
            OnConflict::Fail if conflicts.can_rename() => writeln!(
                text,
                "    --on-conflict rename: {}\n    --on-conflict skip: {}",
                resolution(OnConflict::Rename),
                resolution(OnConflict::Skip)
            ),
            OnConflict::Fail => {
                writeln!(text, "    --on-conflict rename or skip: {}", resolution(OnConflict::Skip))
            }
            chosen => writeln!(text, "    {}", resolution(chosen)),
        };
    }
    text
}

fn contents(report: &Report) -> String {
    let users = &report.users;
    let mut text = format!("Users: {}\n", users.all);
    let properties = [
        ("staff", users.staff),
        ("superusers", users.superusers),
        ("inactive", users.inactive),
        ("archived", users.archived),
        ("unverified", users.unverified),
        ("without a status, therefore unverified", users.without_status),
        ("without a password", users.without_password),
        (
            "with groups or permissions of the admin site, which are not imported",
            report.users_with_permissions,
        ),
    ];
    let algorithms = report.algorithms.iter().map(|(name, count)| (format!("password hash {name}"), *count));
    let properties = properties.into_iter().map(|(name, count)| (name.to_owned(), count));
    for (name, count) in properties.chain(algorithms).filter(|(_, count)| *count > 0) {
        let _ = writeln!(text, "  {name}: {count}");
    }
    let Report { institutions, research_fields, groups, join_requests, tokens, valid_tokens, .. } = report;
    let _ = writeln!(
        text,
        "Institutions: {institutions}\nResearch fields: {research_fields}\nWorking groups: {groups}\nJoin requests: \
         {join_requests}\nRefresh tokens: {tokens}, of which {valid_tokens} are valid"
    );
    if !report.others.is_empty() || !report.other_fields.is_empty() {
        text.push_str("Not imported:\n");
    }
    for (label, count) in &report.others {
        let _ = writeln!(text, "  {label}: {count}");
    }
    for field in &report.other_fields {
        let _ = writeln!(text, "  the field {field}");
    }
    text
}

fn summarize(heading: &str, report: &Report, imported: &Imported, has_key: bool) -> String {
    let Imported { institutions, research_fields, groups, accounts, join_requests, sessions } = imported;
    let mut text = format!(
        "{heading}\n  accounts: {accounts}\n  institutions: {institutions}\n  research fields: {research_fields}\n  \
         working groups: {groups}\n  join requests: {join_requests}\n  sessions, which continue logins: {sessions}\n"
    );
    let kept = report.users.known - report.users.deleted;
    if kept > 0 {
        let _ = writeln!(text, "Accounts that were imported before, and are unchanged: {kept}");
    }
    if report.users.deleted > 0 {
        let deleted = report.users.deleted;
        let _ = writeln!(text, "Accounts that were imported before, and are deleted here: {deleted}");
    }
    if !has_key && *accounts > 0 {
        text.push_str(
            "Access tokens and mailed links of Django are valid here only with its key: use --secret-key-file, or set \
             secret_key.\n",
        );
    }
    text
}
