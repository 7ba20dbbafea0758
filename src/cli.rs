//! The command line. Errors go to standard error in one sentence; the exit status is 0 if it was done, 1 if not, and
//! 2 for wrong usage or configuration.

mod atomic_file;
mod audit;
mod backup;
mod check_config;
mod demo;
mod export;
mod group;
mod healthcheck;
mod import;
mod log;
mod mail;
mod migrate;
mod output;
mod pages;
mod serve;
mod terminal;
mod user;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{ArgGroup, CommandFactory as _, Parser, Subcommand};

use crate::accounts::{self, Error};
use crate::app::{App, given_key};
use crate::clock::Clock;
use crate::config::{self, Loaded, create_private_dir};
use crate::graphql::{self, MutationStyle};
use crate::mail::in_lines;
use crate::random::Random;
use crate::store::Store;
use output::{in_json, print, print_json, to_the_second};

/// The account API of pledge4future: registration, login, mailed links and tokens behind GraphQL, in one file.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// The configuration file, instead of $P4F_AUTH_CONFIG, ./config.toml or /etc/pledge4future-auth/config.toml.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the database up to date, listen, deliver mail, until told to stop.
    Serve {
        /// Serve sample data from a temporary folder, which is deleted at the end. All settings are ignored.
        #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true,
            default_missing_value = "127.0.0.1:8000")]
        demo: Option<SocketAddr>,
    },
    /// Print every setting in force and where it came from.
    CheckConfig {
        /// Only those that differ from their defaults.
        #[arg(long)]
        changed: bool,
    },
    /// Bring the database up to date.
    Migrate {
        /// Only tell what would be done.
        #[arg(long)]
        status: bool,
    },
    /// Read institutions, research fields, accounts and working groups from a JSON file: all of it, or nothing.
    #[command(group(ArgGroup::new("source").args(["file", "bundled"]).required(true)))]
    Import {
        /// The file.
        file: Option<PathBuf>,
        /// Data that the program brings along, instead of a file.
        #[arg(long, value_name = "DATA")]
        bundled: Option<import::Bundled>,
        /// Only tell what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Write all institutions, research fields, accounts and working groups to a JSON file, for `import`.
    Export {
        /// The file, which must not be there yet. It will hold password hashes; only its owner may read it.
        file: PathBuf,
    },
    /// Make, look at and change accounts. Each is named by address, username or number.
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Make, look at, change and delete working groups. Each is named by its id or the beginning of its id.
    Group {
        #[command(subcommand)]
        command: group::Command,
    },
    /// Look at mails that wait or have left; a site without a mail server copies links from here.
    Mail {
        #[command(subcommand)]
        command: mail::Command,
    },
    /// Look at what happened to accounts, by whom and from where.
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Copy the database to a file, as it is at this moment, and check the copy. A running server goes on.
    Backup {
        /// The file, which must not be there yet.
        file: PathBuf,
        /// Then remove the oldest of the files beside it that are called like it but for digits, so that so many are left.
        #[arg(long, value_name = "NUMBER")]
        keep: Option<NonZeroUsize>,
    },
    /// Put a backup in the place of the database. The server must not run.
    Restore {
        /// The backup.
        file: PathBuf,
        /// Although there is a database, which is kept under another name.
        #[arg(long)]
        force: bool,
    },
    /// Check that the database is sound, and count what is in it.
    Verify,
    /// Ask the server that is configured whether it is ready; exit status 0 if so.
    Healthcheck,
    /// Print what completes commands in a shell: bash, zsh, fish, elvish or powershell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages, one a command.
    Man {
        /// The folder to write them to. It is made if it does not exist.
        folder: PathBuf,
    },
    /// Print the GraphQL schema.
    Schema {
        /// That of /relay.
        #[arg(long)]
        relay: bool,
    },
}

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // These need no settings.
    let unconfigured = match &arguments.command {
        Some(Command::Completions { shell }) => Some(completions(*shell)),
        Some(Command::Man { folder }) => Some(manual(folder)),
        Some(Command::Serve { demo: Some(listen) }) => Some(demo::run(*listen)),
        _ => None,
    };
    if let Some(outcome) = unconfigured {
        return finish(outcome);
    }
    let Some(command) = arguments.command else {
        return match Arguments::command().print_help() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    };
    let loaded = match config::load(arguments.config.as_deref()) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error, 2),
    };
    if let Err(error) = check(&loaded.config) {
        return fail(&error, 2);
    }
    if let Err(error) = check_key(&command, &loaded.config) {
        return fail(&error, 2);
    }
    finish(dispatch(command, &loaded))
}

/// Refuses settings that cannot be carried out on this machine.
fn check(config: &config::Config) -> Result<()> {
    crate::mail::check(config)?;
    crate::http::check(config)
}

/// Refuses a key that cannot be used, before those commands that are about it; others may not read it, and need not. What
/// systemd hands to the server alone is not there while the server is down, which is no fault of the configuration.
fn check_key(command: &Command, config: &config::Config) -> Result<()> {
    match (command, given_key(config)) {
        (Command::CheckConfig { .. }, Err(error)) if is_not_there(&error) => Ok(()),
        (Command::CheckConfig { .. } | Command::Serve { .. }, key) => key.map(drop),
        _ => Ok(()),
    }
}

fn is_not_there(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn finish(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pledge4future-auth", &mut script);
    print(&String::from_utf8(script)?)
}

fn manual(folder: &Path) -> Result<()> {
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::command(), folder));
    written.with_context(|| format!("the manual cannot be written to {}", folder.display()))
}

fn dispatch(command: Command, loaded: &Loaded) -> Result<()> {
    match command {
        Command::Serve { demo: None } => serve::run(loaded, |_| Ok(())),
        Command::Serve { demo: Some(listen) } => demo::run(listen),
        Command::CheckConfig { changed } => check_config::run(loaded, changed),
        Command::Migrate { status } => migrate::run(&loaded.config, status),
        Command::Import { file, bundled, dry_run } => {
            import::run(&loaded.config, file.as_deref(), bundled, dry_run)
        }
        Command::Export { file } => export::run(&loaded.config, &file),
        Command::User { command } => user::run(&loaded.config, &command),
        Command::Group { command } => group::run(&loaded.config, &command),
        Command::Mail { command } => mail::run(&loaded.config, &command),
        Command::Audit { command } => audit::run(&loaded.config, &command),
        Command::Backup { file, keep } => backup::backup(&loaded.config, &file, keep),
        Command::Restore { file, force } => backup::restore(&loaded.config, &file, force),
        Command::Verify => backup::verify(&loaded.config),
        Command::Healthcheck => healthcheck::run(&loaded.config),
        Command::Completions { shell } => completions(shell),
        Command::Man { folder } => manual(&folder),
        Command::Schema { relay } => {
            let flavour = if relay { MutationStyle::Relay } else { MutationStyle::Plain };
            print(&graphql::sdl(flavour, &loaded.config.graphql))
        }
    }
}

fn fail(error: &anyhow::Error, status: u8) -> ExitCode {
    log::print_error(&in_lines(&format!("{error:#}")));
    ExitCode::from(status)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// What is said of something that was so before.
fn already(changed: bool) -> &'static str {
    if changed { "" } else { " already" }
}

/// The application of this machine, its database up to date.
fn open(config: &config::Config) -> Result<App> {
    let app = App::open(config.clone(), Clock::System, Random::from_system())?;
    // `serve` and `migrate` show the warnings.
    accounts::migrate::migrate(&app)?;
    Ok(app)
}

/// The application of this machine, which must have a database already.
fn open_there(config: &config::Config) -> Result<App> {
    require_database(config)?;
    open(config)
}

/// The database of this machine as it is, for which nobody needs the secret key.
fn open_store(config: &config::Config) -> Result<Store> {
    require_database(config)?;
    Store::open(&config.database())
}

fn require_database(config: &config::Config) -> Result<()> {
    let database = config.database();
    if !database.exists() {
        bail!(
            "there is no database at {}; start the server first, or name its settings with --config",
            database.display()
        );
    }
    Ok(())
}

/// Keeps a second server, and a restore beside one, away from the data folder for as long as it is held.
fn lock(config: &config::Config) -> Result<File> {
    let path = config.data_dir.join("serve.lock");
    let unusable = || format!("{} cannot be locked", path.display());
    create_private_dir(&config.data_dir).with_context(unusable)?;
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).with_context(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a server runs on {}; stop it first, or name another data_dir", config.data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(anyhow::Error::new(error).context(unusable())),
    }
}

/// What a rule refuses, in a sentence that begins with what was not done.
fn explain<T>(not_done: &str, outcome: accounts::Result<T>) -> Result<T> {
    match outcome {
        Ok(done) => Ok(done),
        Err(Error::BadRequest(sentence)) => bail!("{not_done}: {sentence}"),
        Err(Error::Refused(errors)) => {
            bail!("{not_done}: {}", errors.messages().collect::<Vec<_>>().join(" "))
        }
        // The cause is in the log, which commands do not write.
        Err(Error::Unavailable(_)) => bail!(
            "{not_done}: the database cannot be written; look for a full disk, or another process that has it open"
        ),
        Err(Error::Internal(error)) => Err(error.context(not_done.to_owned())),
    }
}
