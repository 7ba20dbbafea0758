//! What is printed. Much of it was chosen by strangers, such as an address that holds escape sequences: nothing of that
//! reaches a terminal.

use std::io::IsTerminal;

use anyhow::Result;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::printable::{is_unprintable, multi_line};

/// Prints to standard output, which may be closed at any time.
pub(super) fn print(text: &str) -> Result<()> {
    print_as_is(&multi_line(text))
}

/// As [`print`], but keeps escape sequences. Only for text that strangers have no part in.
pub(super) fn print_as_is(text: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    std::io::Write::write_all(&mut output, text.as_bytes())?;
    Ok(std::io::Write::flush(&mut output)?)
}

/// Whether a stream may have colours: it is a terminal, and `NO_COLOR` is not set (<https://no-color.org>).
pub(super) fn has_colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A time as columns show it: to the second.
pub(super) fn to_the_second(moment: Timestamp) -> String {
    Timestamp::from_seconds(moment.seconds()).to_string()
}

/// Prints JSON for scripts, which eyes can read as well.
pub(super) fn print_json(value: &Value) -> Result<()> {
    print(&format!("{}\n", escaped(&serde_json::to_string_pretty(value)?)))
}

/// JSON on a line.
pub(super) fn in_json(value: &Value) -> String {
    escaped(&value.to_string())
}

/// With what steers a terminal and `serde_json` leaves as it is, such as DEL, escaped, so that strings stay what they are
/// when they are printed. Outside of strings there is no control character but the line break.
fn escaped(json: &str) -> String {
    let is_safe = |character: char| !is_unprintable(character) || character == '\n';
    let escape = |character| format!("\\u{:04x}", u32::from(character));
    json.chars()
        .map(|character| if is_safe(character) { character.to_string() } else { escape(character) })
        .collect()
}
