//! Values that several templates show.

use minijinja::{Value, context};

use crate::clock::Timestamp;

/// Returns a time for machines (`iso`) and for people (`text`, in UTC because the server does not know their time zone).
pub(super) fn time(at: Timestamp) -> Value {
    let iso = at.to_string();
    let text = format!("{} {} UTC", iso.get(..10).unwrap_or_default(), iso.get(11..16).unwrap_or_default());
    context! { iso, text }
}
