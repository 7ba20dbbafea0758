//! Describes errors of the configuration library.

use figment::error::{Actual, Error, Kind};
use figment::{Metadata, Source};

use super::{environment, example};

const IN_ENVIRONMENT: &str = " (in the environment)";
/// The similarity at which a name is suggested for an unknown one.
const MIN_SIMILARITY: f64 = 0.75;

/// Describes the first error in one sentence, which begins with the full name of the setting.
pub(super) fn describe(error: Error) -> String {
    let Some(first) = error.into_iter().next() else {
        return "the configuration cannot be read".to_owned();
    };
    let place = match &first.metadata {
        Some(metadata) if metadata.name == environment::NAME => IN_ENVIRONMENT.to_owned(),
        Some(Metadata { source: Some(Source::File(path)), .. }) => format!(" ({})", path.display()),
        _ => String::new(),
    };
    // Without indexes of lists.
    let path: Vec<&str> =
        first.path.iter().map(String::as_str).filter(|part| part.parse::<usize>().is_err()).collect();
    let name = path.join(".");
    match &first.kind {
        Kind::UnknownField(unknown, known) => describe_unknown(&path, unknown, known, &place),
        Kind::UnknownVariant(found, known) => {
            let known: Vec<String> = known.iter().map(|known| format!("{known:?}")).collect();
            format!("{name}: {} is not one of {}{place}", quoted(found), known.join(", "))
        }
        Kind::InvalidType(found, _) | Kind::InvalidValue(found, _) => describe_invalid(&name, found, &place),
        kind => {
            // The message of the parser quotes the file in lines that contain `|`. The file may contain a secret.
            let text = kind.to_string();
            let lines: Vec<&str> = text.lines().filter(|line| !line.contains('|')).collect();
            let prefix = if name.is_empty() { String::new() } else { format!("{name}: ") };
            format!("{prefix}{}{}{place}", lines.join(", "), suggest_value(&name))
        }
    }
}

/// Quotes a value, unless it may contain a secret: a string without closing quotation marks includes the settings below
/// it, and a URL with a password may be set as another setting by mistake.
pub(super) fn quoted(value: &str) -> String {
    if value.contains(['\n', '\r']) || may_contain_password(value) {
        "the value".to_owned()
    } else {
        format!("{value:?}")
    }
}

/// Returns whether a value looks like `smtps://user:password@mail.example.org`, or has a parameter `password`.
fn may_contain_password(text: &str) -> bool {
    text.contains("://") && (text.contains('@') || text.contains("password="))
}

fn describe_unknown(path: &[&str], unknown: &str, known: &[&str], place: &str) -> String {
    let section: String =
        path.iter().filter(|part| **part != unknown).map(|part| format!("{part}.")).collect();
    let in_section =
        known.iter().map(|known| (strsim::jaro_winkler(known, unknown), format!("{section}{known}")));
    // A common mistake is one underscore between section and setting in a variable, where two are required.
    let elsewhere =
        example::settings().filter(|example| example.name.replace('.', "_") == format!("{section}{unknown}"));
    let most_similar = in_section
        .chain(elsewhere.map(|example| (1.0, example.name)))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .filter(|(similarity, _)| *similarity > MIN_SIMILARITY);
    let hint = match most_similar {
        Some((_, name)) if place == IN_ENVIRONMENT => {
            let variable = name.replace('.', "__").to_uppercase();
            format!("; did you mean \"{name}\" (P4F_AUTH_{variable})?")
        }
        Some((_, name)) => format!("; did you mean \"{name}\"?"),
        None => String::new(),
    };
    let unknown = if may_contain_password(unknown) { "…" } else { unknown };
    format!("there is no setting \"{section}{unknown}\"{place}{hint}")
}

fn describe_invalid(name: &str, found: &Actual, place: &str) -> String {
    let found = match found {
        // Secret settings, whatever their type: digits without quotation marks are read as a number.
        _ if matches!(name, "secret_key" | "database" | "database.url" | "mail.smtp_url") => {
            "the value".to_owned()
        }
        Actual::Str(text) => quoted(text),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Bool(value) => value.to_string(),
        _ => "the value".to_owned(),
    };
    format!("{name}: {found} is not valid{}{place}", suggest_value(name))
}

fn suggest_value(name: &str) -> String {
    let value = match name {
        // These are empty by default.
        "accounts.registration_domains" => Some(r#"["example.org", "*.example.org"]"#),
        "http.cors_origins" => Some(r#"["https://www.example.org"]"#),
        "http.trusted_proxies" => Some(r#"["127.0.0.1", "10.0.0.0/8"]"#),
        "mail.variables" => Some(r#"{ support = "help@example.org" }"#),
        _ => example::settings().find(|example| example.name == name).map(|example| example.value),
    };
    value.map(|value| format!("; write it like {value}")).unwrap_or_default()
}
