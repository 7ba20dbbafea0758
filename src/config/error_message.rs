//! Words what the libraries have to say of a configuration that cannot be read.

use figment::error::{Actual, Error, Kind};
use figment::{Metadata, Source};

use super::{environment, example};

const IN_ENVIRONMENT: &str = " (in the environment)";
/// Names are taken for slips of the pen from this likeness on.
const LIKE: f64 = 0.75;

/// The first complaint in one sentence that begins with the full name of the setting.
pub(super) fn sentence(error: Error) -> String {
    let Some(first) = error.into_iter().next() else {
        return "the configuration cannot be read".to_owned();
    };
    let place = match &first.metadata {
        Some(metadata) if metadata.name == environment::NAME => IN_ENVIRONMENT.to_owned(),
        Some(Metadata { source: Some(Source::File(path)), .. }) => format!(" ({})", path.display()),
        _ => String::new(),
    };
    // The place of an entry in its list helps nobody.
    let path: Vec<&str> =
        first.path.iter().map(String::as_str).filter(|part| part.parse::<usize>().is_err()).collect();
    let name = path.join(".");
    match &first.kind {
        Kind::UnknownField(unknown, known) => unknown_setting(&path, unknown, known, &place),
        Kind::UnknownVariant(found, known) => {
            let known: Vec<String> = known.iter().map(|known| format!("{known:?}")).collect();
            format!("{name}: {} is none of {}{place}", quoted(found), known.join(", "))
        }
        Kind::InvalidType(found, _) | Kind::InvalidValue(found, _) => misfit(&name, found, &place),
        kind => {
            // The library draws the place in the file below its first line.
            let text = kind.to_string();
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains('|')).collect();
            let named = if name.is_empty() { String::new() } else { format!("{name}: ") };
            format!("{named}{}{}{place}", lines.join(", "), example_of(&name))
        }
    }
}

/// A value in quotation marks, unless it may hold a secret: a quotation that was not closed swallows the settings below
/// it, and an address with a password may be written where another setting belongs.
pub(super) fn quoted(value: &str) -> String {
    if value.contains(['\n', '\r']) || may_hold_a_password(value) {
        "the value".to_owned()
    } else {
        format!("{value:?}")
    }
}

/// Whether this looks like `smtps://user:password@mail.example.org`.
fn may_hold_a_password(text: &str) -> bool {
    text.contains("://") && text.contains('@')
}

fn unknown_setting(path: &[&str], unknown: &str, known: &[&str], place: &str) -> String {
    let folder: String =
        path.iter().filter(|part| **part != unknown).map(|part| format!("{part}.")).collect();
    let near = known.iter().map(|known| (strsim::jaro_winkler(known, unknown), format!("{folder}{known}")));
    // In the environment one underscore is soon written for two.
    let flat =
        example::settings().filter(|shown| shown.name.replace('.', "_") == format!("{folder}{unknown}"));
    let unknown = if may_hold_a_password(unknown) { "…" } else { unknown };
    let nearest = near.chain(flat.map(|shown| (1.0, shown.name))).max_by(|(a, _), (b, _)| a.total_cmp(b));
    let nearest = nearest.filter(|(likeness, _)| *likeness > LIKE).map(|(_, name)| name);
    let hint = match nearest {
        Some(name) if place == IN_ENVIRONMENT => {
            let variable = name.replace('.', "__").to_uppercase();
            format!("; did you mean \"{name}\", P4F_AUTH_{variable}?")
        }
        Some(name) => format!("; did you mean \"{name}\"?"),
        None => String::new(),
    };
    format!("there is no setting \"{folder}{unknown}\"{place}{hint}")
}

fn misfit(name: &str, found: &Actual, place: &str) -> String {
    let found = match found {
        // It may hold a key or a password all the same.
        _ if matches!(name, "secret_key" | "mail.smtp_url") => "the value".to_owned(),
        Actual::Str(text) => quoted(text),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Bool(truth) => truth.to_string(),
        _ => "the value".to_owned(),
    };
    format!("{name}: {found} does not fit{}{place}", example_of(name))
}

fn example_of(name: &str) -> String {
    // These are empty by default.
    let value = match name {
        "http.cors_origins" => Some(r#"["https://www.example.org"]"#),
        "http.trusted_proxies" => Some(r#"["127.0.0.1", "10.0.0.0/8"]"#),
        "mail.variables" => Some(r#"{ support = "help@example.org" }"#),
        _ => example::settings().find(|shown| shown.name == name).map(|shown| shown.value),
    };
    value.map(|value| format!("; write it like {value}")).unwrap_or_default()
}
