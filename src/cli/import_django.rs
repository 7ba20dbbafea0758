use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::{ExposeSecret as _, SecretString};

use super::database::open_locked;
use super::explain;
use super::output::{print, progress_bar};
use crate::app::secret_key::{self, TakenOver};
use crate::app::{App, lock_data_dir};
use crate::config::{Config, Location};
use crate::store::Store;
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
    let is_missing = config.location()?.file().is_some_and(|path| !path.exists());
    // A dry run must not create the database.
    let temporary = (dry_run && is_missing).then(tempfile::tempdir).transpose()?;
    let mut config = config.clone();
    if let Some(folder) = &temporary {
        config.data_dir = folder.path().to_owned();
    }
    let lock = config.location()?.file().map(|_| lock_data_dir(&config.data_dir)).transpose()?;
    let taken_over = match &key {
        Some(key) if !dry_run => take_over_key(&config, key)?,
        _ => None,
    };
    let app = open_locked(&config, lock.as_ref(), taken_over.is_some())?;
    let staged = read(&app, &site)?;
    let on_conflict = OnConflict::from(on_conflict);
    let report = explain("nothing was imported", django::check(&app, &staged, on_conflict))?;
    print(&describe(&staged, &report, on_conflict))?;
    let conflicts = report.count_conflicts();
    if conflicts > 0 && on_conflict == OnConflict::Fail && !dry_run {
        bail!(
            "nothing was imported, because of {conflicts} conflicts. Solve them in Django, or repeat the command with \
             --on-conflict rename or --on-conflict skip"
        );
    }
    let imported = import(&app, &staged, &report, dry_run)?;
    if let Some(taken_over) = taken_over {
        taken_over.keep();
    }
    print(&summarize(&report, &imported, dry_run, key.is_some()))
}

/// Stores the key of Django. A key that exists already is replaced only if there are no accounts.
fn take_over_key(config: &Config, key: &SecretString) -> Result<Option<TakenOver>> {
    let location = match &config.database.url {
        Some(url) => config.database.locate_for_move(url.expose_secret())?,
        None => config.location()?,
    };
    let is_empty = match &location {
        Location::Sqlite(path) if !path.exists() => true,
        _ => has_no_accounts(&Store::open(&location)?)?,
    };
    secret_key::take_over(config, key, is_empty)
}

fn has_no_accounts(store: &Store) -> Result<bool> {
    if store.schema()? == 0 {
        return Ok(true);
    }
    store.read_with_writer(|db| Ok(crate::store::accounts::transfer::last_id(db)? == 0))
}

fn read(app: &App, site: &Source) -> Result<Staged> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} objects read") {
        bar.set_style(style);
    }
    let staged = django::stage(app, site, &|done| bar.set_position(done));
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
    let users = &report.users;
    let mut text = format!(
        "The site contains:\n  users: {} (staff: {}, superusers: {}, inactive: {}, archived: {}, unverified: {}, without \
         status: {}, without password: {})\n",
        users.all,
        users.staff,
        users.superusers,
        users.inactive,
        users.archived,
        users.unverified,
        users.without_status,
        users.without_password,
    );
    let _ = writeln!(text, "  refresh tokens: {} (valid: {})", report.tokens.0, report.tokens.1);
    if !report.others.is_empty() || !report.other_fields.is_empty() || report.users_with_permissions > 0 {
        text.push_str("Not imported:\n");
    }
    for (label, count) in &report.others {
        let _ = writeln!(text, "  {label}: {count}");
    }
    for field in &report.other_fields {
        let _ = writeln!(text, "  {field}: the whole field");
    }
    if report.users_with_permissions > 0 {
        let _ = writeln!(
            text,
            "  groups and permissions of the admin site: {} users",
            report.users_with_permissions
        );
    }
    let count = report.count_conflicts();
    if count > 0 {
        let _ = writeln!(text, "Conflicts: {count}");
    }
    for conflicts in &report.conflicts {
        for found in &conflicts.listed {
            let _ = writeln!(text, "  {}", conflicts.describe(&staged.models, found));
        }
        let more = conflicts.count - conflicts.listed.len() as u64;
        if more > 0 {
            let _ = writeln!(text, "  and {more} more like this");
        }
        let _ = match on_conflict {
            OnConflict::Fail if conflicts.can_rename() => writeln!(
                text,
                "    --on-conflict rename: {}\n    --on-conflict skip: {}",
                conflicts.resolution(OnConflict::Rename),
                conflicts.resolution(OnConflict::Skip)
            ),
            OnConflict::Fail => {
                writeln!(text, "    --on-conflict rename or skip: {}", conflicts.resolution(OnConflict::Skip))
            }
            chosen => writeln!(text, "    {}", conflicts.resolution(chosen)),
        };
    }
    text
}

fn summarize(report: &Report, imported: &Imported, dry_run: bool, has_key: bool) -> String {
    let heading = if dry_run { "Dry run: nothing was changed. An import would add:" } else { "Imported:" };
    let Imported { institutions, research_fields, groups, accounts, join_requests, sessions } = imported;
    let mut text = format!(
        "{heading}\n  institutions: {institutions}\n  research fields: {research_fields}\n  working groups: {groups}\n  \
         accounts: {accounts}\n  join requests: {join_requests}\n  logins that continue: {sessions}\n"
    );
    let kept = report.users.known - report.users.deleted;
    if kept > 0 {
        let _ = writeln!(text, "{kept} accounts were imported before, and are unchanged.");
    }
    if report.users.deleted > 0 {
        let _ = writeln!(
            text,
            "{} accounts were imported before and deleted here, and stay deleted.",
            report.users.deleted
        );
    }
    if !has_key {
        text.push_str(
            "Without --secret-key-file, access tokens and mailed links of Django are valid only if secret_key is its key.\n",
        );
    }
    text
}
