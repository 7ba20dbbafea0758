//! Values that several templates show.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::merge_maps;

use crate::clock::Timestamp;

/// Makes the values of a template as `minijinja::context!` does, whose code would make the program 100 KB larger, because it
/// repeats a search for each name.
macro_rules! context {
    ($($name:ident $(=> $value:expr)?),* $(, .. $base:expr)* $(,)?) => {{
        #[allow(unused_mut, reason = "a page may have no values")]
        let mut values = $crate::http::pages::values::Values::default();
        $(values.add(stringify!($name), $crate::http::pages::values::context!(@value $name $(=> $value)?));)*
        values.with_bases([$(::minijinja::Value::from($base)),*])
    }};
    ($(.. $base:expr),*) => {
        $crate::http::pages::values::Values::default().with_bases([$(::minijinja::Value::from($base)),*])
    };
    (@value $name:ident) => { $name };
    (@value $name:ident => $value:expr) => { $value };
}
pub(super) use context;

#[derive(Default)]
pub(super) struct Values(BTreeMap<&'static str, Value>);

impl Values {
    #[inline(never)]
    pub(super) fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.insert(name, value.into());
    }

    /// Adds the values of other maps. Those of `self` replace them.
    pub(super) fn with_bases<const COUNT: usize>(self, bases: [Value; COUNT]) -> Value {
        let own = Value::from(self.0);
        if bases.is_empty() { own } else { merge_maps(bases.into_iter().rev().chain([own])) }
    }
}

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
