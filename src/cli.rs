//! The command line. Prints an error with its causes as one message on standard error. The exit status is 0 on success,
//! 1 on failure, and 2 for wrong usage or configuration.

mod arguments;
mod audit;
mod backup;
mod check_config;
mod database;
mod demo;
mod export;
mod group;
mod healthcheck;
mod import;
mod import_django;
mod log;
mod mail;
mod migrate;
mod output;
mod paging;
mod relocate;
mod serve;
mod terminal;
mod user;

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{CommandFactory as _, Parser as _};

use crate::app::secret_key;
use crate::config::{self, Loaded};
use crate::error::{self, Error};
use crate::graphql::{self, MutationStyle};
use crate::printable::multi_line;
use crate::server;
use arguments::{Arguments, Command};
use output::print;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        None => Arguments::command().print_help().map_err(Into::into),
        Some(Command::Completions { shell }) => print_completions(shell),
        Some(Command::Man { folder }) => write_manual(&folder),
        Some(Command::Serve { demo: Some(listen) }) => demo::run(listen),
        Some(command) => match load(&command, arguments.config.as_deref()) {
            Ok(loaded) => dispatch(command, &loaded),
            Err(error) => return fail(&error, 2),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output, such as `head`, has closed the pipe.
        Err(error) if has_io_error(&error, ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}

fn load(command: &Command, file: Option<&Path>) -> Result<Loaded> {
    let loaded = config::load(file)?;
    server::check(&loaded.config)?;
    match (command, secret_key::load(&loaded.config)) {
        // The key may be a systemd credential, which exists only while the server runs.
        (Command::CheckConfig { .. }, Err(error)) if has_io_error(&error, ErrorKind::NotFound) => Ok(loaded),
        (Command::CheckConfig { .. } | Command::Serve { .. }, Err(error)) => Err(error),
        // The other commands do not need the key, and their user may lack the permission to read it.
        _ => Ok(loaded),
    }
}

fn dispatch(command: Command, loaded: &Loaded) -> Result<()> {
    let config = &loaded.config;
    match command {
        Command::Serve { demo: None } => serve::run(loaded),
        Command::Serve { demo: Some(listen) } => demo::run(listen),
        Command::CheckConfig { changed } => check_config::run(loaded, changed),
        Command::Migrate { status, new_key } => migrate::run(config, status, new_key),
        Command::Import { file, bundled, dry_run } => import::run(config, file.as_deref(), bundled, dry_run),
        Command::ImportDjango { source, secret_key_file, dry_run, on_conflict } => {
            import_django::run(config, &source, secret_key_file.as_deref(), dry_run, on_conflict)
        }
        Command::Export { file, django } => export::run(config, &file, django),
        Command::User { command } => user::run(config, command),
        Command::Group { command } => group::run(config, command),
        Command::Mail { command } => mail::run(config, command),
        Command::Audit { command } => audit::run(config, command),
        Command::Backup { file, keep } => backup::backup(config, &file, keep),
        Command::Restore { file, force, keep_erased } => backup::restore(config, &file, force, keep_erased),
        Command::Move { from, to } => relocate::run(config, &from, &to),
        Command::Verify => backup::verify(config),
        Command::Healthcheck => healthcheck::run(config),
        Command::Completions { shell } => print_completions(shell),
        Command::Man { folder } => write_manual(&folder),
        Command::Schema { relay } => {
            let style = if relay { MutationStyle::Relay } else { MutationStyle::Plain };
            print(&graphql::sdl(style, &config.graphql))
        }
    }
}

fn print_completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pledge4future-auth", &mut script);
    print(&String::from_utf8(script)?)
}

fn write_manual(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .with_context(|| format!("the manual pages cannot be written to {}", folder.display()))
}

fn fail(error: &anyhow::Error, status: u8) -> ExitCode {
    log::print_error(&multi_line(&format!("{error:#}")));
    ExitCode::from(status)
}

fn has_io_error(error: &anyhow::Error, kind: ErrorKind) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == kind)
}

/// Converts the error of a rule to a message that begins with `failure`, such as "nothing was changed".
fn explain<T>(failure: &str, outcome: error::Result<T>) -> Result<T> {
    match outcome {
        Ok(value) => Ok(value),
        Err(Error::BadRequest(sentence)) => bail!("{failure}: {sentence}"),
        Err(Error::Refused(errors)) => {
            bail!("{failure}: {}", errors.messages().collect::<Vec<_>>().join(" "))
        }
        // The error does not contain its cause, so the message names the likely causes.
        Err(Error::Unavailable(_)) => bail!(
            "{failure}: the database cannot be written; check for a full disk, for another process that locks it, or for a \
             PostgreSQL server that cannot be reached"
        ),
        Err(Error::OutcomeUnknown) => bail!(
            "the connection to the database broke at the end, so the change may have been saved; check before you repeat the \
             command"
        ),
        Err(Error::Internal(error)) => Err(error.context(failure.to_owned())),
    }
}
