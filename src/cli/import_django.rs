use std::fmt::{self, Display, Formatter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::explain;
use super::output::{print, progress_bar};
use crate::accounts;
use crate::app::secret_key::{self, KeyReplacement};
use crate::app::{App, lock_data_dir};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::Error;
use crate::printable::single_line;
use crate::random::Random;
use crate::store::{self, Store};
use crate::transfer::django::report::SiteReport;
use crate::transfer::django::{self, Imported, OnConflict, Source, Staged};

pub(super) fn run(
    config: &Config,
    source: &str,
    key_file: Option<&Path>,
    dry_run: bool,
    on_conflict: OnConflict,
) -> Result<()> {
    let key = key_file.map(secret_key::read_key_of_django).transpose()?;
    let site = Source::locate(source, &config.database)?;
    let mut config = config.clone();
    let is_missing = config.location()?.file().is_some_and(|path| !path.exists());
    // A dry run must not create the database.
    let temporary = (dry_run && is_missing).then(temporary_folder).transpose()?;
    if let Some(folder) = &temporary {
        config.data_dir = folder.path().to_owned();
    }
    let _lock = config.location()?.file().map(|_| lock_data_dir(&config.data_dir)).transpose()?;
    let used = open_alone(&config)?;
    let has_key = key.is_some();
    let replacement = match key.clone() {
        Some(key) => KeyReplacement::check(&config, key, used.as_ref())?,
        None => None,
    };
    drop(used);
    if dry_run {
        // It must not create a key.
        let random = || Random::from_system().hex::<32>().into();
        config.secret_key = Some(key.unwrap_or_else(random));
    }
    let replacement = replacement.filter(|_| !dry_run);
    let staged = read(&config, &site)?;
    if let Some(replacement) = &replacement {
        replacement.make()?;
    }
    let outcome = check_and_import(&config, &staged, dry_run, on_conflict, has_key);
    // Without a clear outcome, the data may be stored, and their tokens need the key.
    let is_undone = outcome.as_ref().is_err_and(|error| !error.is::<MaybeStored>());
    let undone = replacement.filter(|_| is_undone).map_or(Ok(()), KeyReplacement::undo);
    let outcome = match undone {
        Ok(()) => outcome,
        Err(error) => outcome.with_context(|| format!("the former key could not be restored ({error:#})")),
    };
    let (report, imported) = outcome?;
    let heading = match (dry_run, on_conflict) {
        (false, _) => "Imported:",
        (true, OnConflict::Fail) if !report.conflicts.is_empty() => {
            "Dry run: nothing was changed. With --on-conflict rename, an import would add:"
        }
        (true, _) => "Dry run: nothing was changed. An import would add:",
    };
    let mut text = summarize(heading, &report, &imported);
    if !has_key && !dry_run && imported.accounts > 0 {
        let place = match &config.secret_key {
            Some(_) => "the setting secret_key".to_owned(),
            None => config.secret_key_file().display().to_string(),
        };
        let _ = writeln!(
            text,
            "Access tokens and mailed links of Django are valid only with its key: write it to {place} before you start the server."
        );
    }
    print(&text)
}

/// The import may be stored or not.
#[derive(Debug)]
struct MaybeStored;

impl std::error::Error for MaybeStored {}

impl Display for MaybeStored {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the connection to the database broke at the end, so everything may have been imported; repeat the command")
    }
}

/// Prints the report and imports.
fn check_and_import(
    config: &Config,
    staged: &Staged,
    dry_run: bool,
    on_conflict: OnConflict,
    has_key: bool,
) -> Result<(SiteReport, Imported)> {
    let app = App::open(config.clone(), Clock::System, Random::from_system())?;
    let has_tables = app.store.schema()? > 0;
    if dry_run && (has_tables || app.store.is_shared()) && !app.store.pending_migrations()?.is_empty() {
        bail!("{}: the database is not up to date; run `migrate` first", app.store.name());
    }
    // No server uses the database.
    accounts::migrate::migrate(&app)?;
    // `KeyReplacement` has checked a key of Django.
    if app.store.is_shared() && !has_key && !dry_run {
        secret_key::store_or_require_same(&app)?;
    }
    let report = explain("nothing was imported", django::check(&app, staged, on_conflict))?;
    if print(&describe(staged, &report, on_conflict)).is_err() {
        bail!("nothing was imported, because the report could not be printed");
    }
    if !report.conflicts.is_empty() && on_conflict == OnConflict::Fail && !dry_run {
        bail!(
            "nothing was imported, because of conflicts. Solve them in Django, or repeat the command with \
             --on-conflict rename or --on-conflict skip"
        );
    }
    let bar = progress_bar(" accounts");
    bar.set_length(report.users.new);
    let imported = django::import(&app, staged, dry_run, &|done| bar.set_position(done));
    bar.finish_and_clear();
    if matches!(imported, Err(Error::OutcomeUnknown)) {
        return Err(MaybeStored.into());
    }
    Ok((report, explain("nothing was imported", imported)?))
}

/// Returns the folder for the database of a dry run. It may be large, and the usual folder is often in memory.
fn temporary_folder() -> std::io::Result<TempDir> {
    let named = std::env::var_os("SQLITE_TMPDIR").map(PathBuf::from);
    let folders = named.into_iter().chain([PathBuf::from("/var/tmp"), std::env::temp_dir()]);
    let folder = folders.into_iter().find(|folder| folder.is_dir());
    tempfile::tempdir_in(folder.unwrap_or_else(std::env::temp_dir))
}

/// Fails if servers or commands use a shared database. Returns the database if it has ever contained an account.
fn open_alone(config: &Config) -> Result<Option<Store>> {
    let location = match &config.database.url {
        // The server counts connections with the name of servers.
        Some(url) => config.database.locate_uncounted(url.expose_secret())?,
        None => config.location()?,
    };
    if location.file().is_some_and(|path| !path.exists()) {
        return Ok(None);
    }
    let store = Store::open(&location)?;
    store.require_alone()?;
    let is_used = store.schema()? > 0
        && store.read_with_writer(|db| Ok(store::accounts::transfer::last_id(db)? > 0))?;
    Ok(is_used.then_some(store))
}

fn read(config: &Config, site: &Source) -> Result<Staged> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} objects read") {
        bar.set_style(style);
    }
    let staged = django::stage(config, Clock::System.now(), site, &|done| bar.set_position(done));
    bar.finish_and_clear();
    staged.context("nothing was imported")?.map_err(|faults| {
        let lines: String = faults.listed.iter().map(|fault| format!("\n  {fault}")).collect();
        let more = faults.count - faults.listed.len();
        let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        anyhow!("nothing was imported. Correct these values in Django first:{lines}{more}")
    })
}

fn describe(staged: &Staged, report: &SiteReport, on_conflict: OnConflict) -> String {
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

fn contents(report: &SiteReport) -> String {
    let users = &report.users;
    let mut text = format!("Users: {}\n", users.all);
    let properties = [
        ("staff", users.staff),
        ("superusers", users.superusers),
        ("inactive", users.inactive),
        ("archived", users.archived),
        ("unverified", users.unverified),
        ("of these, without a status", users.without_status),
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
    let SiteReport { institutions, research_fields, groups, join_requests, tokens, valid_tokens, .. } =
        report;
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

fn summarize(heading: &str, report: &SiteReport, imported: &Imported) -> String {
    let Imported { institutions, research_fields, groups, accounts, join_requests, sessions, .. } = imported;
    let mut text = format!(
        "{heading}\n  accounts: {accounts}\n  institutions: {institutions}\n  research fields: {research_fields}\n  \
         working groups: {groups}\n  join requests: {join_requests}\n  sessions: {sessions}\n"
    );
    let users = &report.users;
    for (count, what) in [
        (users.known - users.deleted, "Accounts that were imported before, and are unchanged"),
        (users.changed, "  of these, accounts whose address or status differs from Django now"),
        (users.deleted, "Accounts that were imported before, and are deleted here"),
        (imported.other_members, "Accounts that stay in their working groups here"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "{what}: {count}");
        }
    }
    if !imported.unrepresented.is_empty() {
        let _ = writeln!(
            text,
            "Working groups without a representative; name one with `group set-representative`: {}",
            imported.unrepresented.join(", ")
        );
    }
    text
}
