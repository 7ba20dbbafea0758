//! Values that several templates show.

use std::collections::BTreeMap;

use minijinja::Value;
use minijinja::value::merge_maps;

use super::account::device;
use crate::accounts::second_factor::Overview;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::groups::admin::directory;
use crate::store::institutions::Institution;
use crate::store::passkeys::Passkey;
use crate::store::sessions::Session;

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

/// Returns a day in UTC as 2026-11-01.
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Returns the name and place of an institution.
pub(super) fn institution(institution: &Institution) -> Value {
    let Institution { id, name, city, state, country } = institution;
    let place = [Some(city), state.as_ref(), Some(country)].into_iter().flatten();
    let place: Vec<_> = place.filter(|part| !part.is_empty()).cloned().collect();
    context! {
        id => id.clone(),
        name => name.clone(),
        city => city.clone(),
        state => state.clone(),
        country => country.clone(),
        place => place.join(", "),
    }
}

/// Returns the research fields to choose from.
pub(super) fn research_fields(app: &App) -> Result<Vec<(String, String)>> {
    let fields = directory::list_research_fields(app)?;
    Ok(fields.into_iter().map(|field| (field.id.to_string(), field.subfield)).collect())
}

/// Returns the session of an account.
pub(super) fn session(session: &Session) -> Value {
    context! {
        id => session.id.clone(),
        device => device::name(&session.last_use.user_agent),
        address => session.last_use.address.clone(),
        began_at => time(session.began_at),
        last_used_at => time(session.last_use.at),
    }
}

/// Returns the second factors of an account.
pub(super) fn second_factors(overview: &Overview) -> Value {
    let times = |added_at: Timestamp, last_used_at: Option<Timestamp>| {
        context! { added_at => time(added_at), last_used_at => last_used_at.map(time) }
    };
    let authenticator = overview.authenticator.as_ref().map(|app| times(app.added_at, app.last_used_at));
    let passkeys = overview.passkeys.iter().map(|passkey| {
        let Passkey { id, name, is_backed_up, added_at, last_used_at, .. } = passkey;
        context! {
            id => id.clone(),
            name => name.clone(),
            is_backed_up => *is_backed_up,
            ..times(*added_at, *last_used_at)
        }
    });
    context! {
        authenticator,
        passkeys => passkeys.collect::<Vec<_>>(),
        recovery_codes_left => overview.recovery_codes_left,
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
