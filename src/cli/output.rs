//! Standard output. Addresses and names that users chose may contain escape sequences, which must not reach a terminal.

use std::io::{IsTerminal, Write as _};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::printable::{is_unprintable, multi_line};

pub(super) fn print(text: &str) -> Result<()> {
    print_unescaped(&multi_line(text))
}

/// Prints text that contains nothing from users.
pub(super) fn print_unescaped(text: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    Ok(output.flush()?)
}

/// Returns whether a stream is a terminal and `NO_COLOR` is not set (<https://no-color.org>).
pub(super) fn has_colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Returns a progress bar, which has no length yet. `unit` follows the length, as in " rows".
pub(super) fn progress_bar(unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = format!("{{wide_bar}} {{human_pos}} of {{human_len}}{unit}, {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

/// Formats a time without fractions of a second.
pub(super) fn format_time(time: Timestamp) -> String {
    Timestamp::from_seconds(time.seconds()).to_string()
}

pub(super) fn print_json(value: &Value) -> Result<()> {
    print(&format!("{}\n", escape(&serde_json::to_string_pretty(value)?)))
}

/// Returns JSON on one line, without a line break at its end.
pub(super) fn json_line(value: &Value) -> String {
    escape(&value.to_string())
}

/// Escapes control characters that `serde_json` does not escape, such as DEL. The only control characters outside of JSON
/// strings are line breaks.
fn escape(json: &str) -> String {
    let escape = |c| {
        if is_unprintable(c) && c != '\n' { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    json.chars().map(escape).collect()
}
