//! The log on standard error, as text or JSON.

use std::io::Write;

use rustix::fs::fstat;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::Handle;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

use super::output::has_colours;
use crate::config::{Log, LogFormat, LogLevel};

/// Changes the level of the running log.
pub(super) struct LevelHandle(Handle<Targets, Registry>);

impl LevelHandle {
    pub(super) fn set(&self, level: LogLevel) {
        if let Err(error) = self.0.reload(targets(level)) {
            tracing::error!("log.level cannot be changed: {error}");
        }
    }
}

/// Starts the log. Lines in the journal have no time, because the journal adds one.
pub(super) fn init(config: &Log) -> LevelHandle {
    let colours = has_colours(&std::io::stderr());
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    let lines = match (config.format, is_journal()) {
        (LogFormat::Text, false) => lines.boxed(),
        (LogFormat::Text, true) => lines.without_time().with_writer(Journal).boxed(),
        (LogFormat::Json, false) => lines.json().flatten_event(true).boxed(),
        (LogFormat::Json, true) => {
            lines.json().flatten_event(true).without_time().with_writer(Journal).boxed()
        }
    };
    let (filter, handle) = reload::Layer::new(targets(config.level));
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    LevelHandle(handle)
}

/// Prints an error that ends the program.
pub(super) fn print_error(message: &str) {
    let error = format!("pledge4future-auth: {message}\n");
    let error = if is_journal() { add_priority(Level::ERROR, error.as_bytes()) } else { error.into_bytes() };
    // There is no other place to report that standard error fails.
    let _ = std::io::stderr().write_all(&error);
}

/// Returns whether standard error is the journal of systemd: `JOURNAL_STREAM` contains its device and inode
/// (systemd.exec(5)).
fn is_journal() -> bool {
    let Some(journal) = std::env::var_os("JOURNAL_STREAM") else { return false };
    fstat(std::io::stderr()).is_ok_and(|file| *journal == *format!("{}:{}", file.st_dev, file.st_ino))
}

/// Prefixes each line with its priority for the journal (sd-daemon(3)).
fn add_priority(level: Level, text: &[u8]) -> Vec<u8> {
    let prefix: &[u8] = match level {
        Level::ERROR => b"<3>",
        Level::WARN => b"<4>",
        Level::INFO => b"<6>",
        Level::DEBUG | Level::TRACE => b"<7>",
    };
    text.split_inclusive(|byte| *byte == b'\n').flat_map(|line| [prefix, line].concat()).collect()
}

struct Journal;

struct JournalWriter(Level);

impl<'a> MakeWriter<'a> for Journal {
    type Writer = JournalWriter;

    fn make_writer(&'a self) -> JournalWriter {
        JournalWriter(Level::INFO)
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> JournalWriter {
        JournalWriter(*event.level())
    }
}

impl Write for JournalWriter {
    /// Writes an event with one call, so that events of other threads do not interrupt it.
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(&add_priority(self.0, event))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn targets(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Messages of libraries below the level of warnings are useful only for debugging.
    let libraries = if level >= LevelFilter::DEBUG { level } else { level.min(LevelFilter::WARN) };
    Targets::new().with_target("pledge4future_auth", level).with_default(libraries)
}
