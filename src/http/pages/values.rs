//! Values that several templates show.

use minijinja::{Value, context};

use crate::clock::Timestamp;

/// Returns a time for machines (`iso`) and for people (`text`, in UTC because the server does not know their time zone).
pub(super) fn time(at: Timestamp) -> Value {
    let iso = at.to_string();
    let text = short_time(&iso).unwrap_or_default();
    context! { iso, text }
}

/// Shortens a time as [`Timestamp`] writes it: `2021-08-08T17:22:56+00:00` to `2021-08-08 17:22 UTC`. Returns `None` for any
/// other text.
pub(super) fn short_time(text: &str) -> Option<String> {
    let (day, time) = text.strip_suffix("+00:00")?.split_once('T')?;
    let is_day = day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    Some(format!("{day} {} UTC", time.get(..5).filter(|_| is_day)?))
}
