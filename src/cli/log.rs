//! The log: on standard error, for people or for machines.

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

/// Sets how much is logged from here on.
pub(super) struct Volume(Handle<Targets, Registry>);

impl Volume {
    /// As much as `level` says.
    pub(super) fn set(&self, level: LogLevel) {
        if let Err(error) = self.0.reload(filter(level)) {
            tracing::error!("log.level cannot be changed: {error}");
        }
    }
}

/// Begins to log. The journal keeps the time of each line itself.
pub(super) fn begin(config: &Log) -> Volume {
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
    let (filter, handle) = reload::Layer::new(filter(config.level));
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Volume(handle)
}

/// Prints an error that ends the program.
pub(super) fn print_error(sentence: &str) {
    let error = format!("pledge4future-auth: {sentence}\n");
    let error = if is_journal() { marked(Level::ERROR, error.as_bytes()) } else { error.into_bytes() };
    // There is nowhere else to say that standard error fails.
    let _ = std::io::stderr().write_all(&error);
}

/// Whether standard error leads to the journal of systemd: `JOURNAL_STREAM` then names its device and inode
/// (systemd.exec(5)).
fn is_journal() -> bool {
    let Some(journal) = std::env::var_os("JOURNAL_STREAM") else { return false };
    fstat(std::io::stderr()).is_ok_and(|file| *journal == *format!("{}:{}", file.st_dev, file.st_ino))
}

/// What a line begins with so that the journal takes it at this level (sd-daemon(3)).
fn mark(level: Level) -> &'static str {
    match level {
        Level::ERROR => "<3>",
        Level::WARN => "<4>",
        Level::INFO => "<6>",
        Level::DEBUG | Level::TRACE => "<7>",
    }
}

/// Returns a text with its level at the beginning of each line.
fn marked(level: Level, text: &[u8]) -> Vec<u8> {
    let mut marked = Vec::with_capacity(text.len() + 3);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        marked.extend_from_slice(mark(level).as_bytes());
        marked.extend_from_slice(line);
    }
    marked
}

/// Marks each line with its level.
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
    /// Writes an event at once, so that no other comes in between.
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(&marked(self.0, event))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // What libraries have to say is for those who look for faults.
    let others = if level >= LevelFilter::DEBUG { level } else { level.min(LevelFilter::WARN) };
    Targets::new().with_target("pledge4future_auth", level).with_default(others)
}
