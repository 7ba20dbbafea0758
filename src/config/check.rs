//! Refuses settings that can be read but make no sense, each in one sentence that names the setting.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::error_message::quoted;
use super::http::network;
use super::{Config, RegisterField, SmtpServer, Transport};

/// No machine has so many processors to spare.
const MOST_THREADS: usize = 512;
const MOST_MEMORY: usize = 4 << 30;

/// The variables of mail templates besides `mail.variables`.
pub const FILLED_IN: [&str; 11] = [
    "site_name",
    "name",
    "link",
    "sentence",
    "requester",
    "requester_email",
    "request_id",
    "group",
    "approved",
    "ends_password",
    "api_url",
];

/// First segments of the server's own paths. If the path of `public_url` began with one of them, the server could not
/// tell whether a reverse proxy has removed it from a request.
const OWN_PATHS: [&str; 14] = [
    "graphql",
    "relay",
    "graphiql",
    "healthz",
    "readyz",
    "metrics",
    "activate",
    "activate-secondary",
    "password-reset",
    "password-set",
    "done",
    "pages",
    "working-group-details",
    "favicon.ico",
];

/// Whether a path such as `/activate/:token` begins as one of the server's own paths does.
pub fn is_own_path(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|first| OWN_PATHS.contains(&first))
}

/// The first thing wrong with `config`, if there is one.
pub(super) fn complaint(config: &Config) -> Option<String> {
    let checks = [
        addresses,
        public_path,
        mail_server,
        links,
        lifetimes,
        fields,
        passwords,
        bounds,
        proxies,
        branding,
        tls,
        limits,
        audit,
    ];
    checks.iter().find_map(|check| check(config))
}

fn addresses(config: &Config) -> Option<String> {
    let url = url::Url::parse(&config.public_url).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && !config.public_url.contains('\\')
    });
    if url.is_none() {
        return Some(format!(
            "public_url: {} is no web address; write it as \"https://accounts.example.org\"",
            quoted(&config.public_url)
        ));
    }
    if config.public_url.contains(breaks_out) {
        return Some("public_url: an address holds no blanks, quotes or angle brackets".to_owned());
    }
    if config.site_name().trim().is_empty() || config.site_name().chars().any(char::is_control) {
        return Some("site_name: write a name on one line, or leave the setting out".to_owned());
    }
    if config.mail.from.parse::<lettre::message::Mailbox>().is_err() {
        return Some(format!(
            "mail.from: {} is no mail address; write it as \"no-reply@example.org\"",
            quoted(&config.mail.from)
        ));
    }
    if let Some(name) = config.mail.variables.keys().find(|name| FILLED_IN.contains(&name.as_str())) {
        return Some(format!("mail.variables: \"{name}\" is filled in by the server; choose another name"));
    }
    let key_is_empty = config.secret_key.as_ref().is_some_and(|key| key.expose_secret().is_empty());
    key_is_empty.then(|| "secret_key: it is empty; leave it out and a random key is made".to_owned())
}

/// The path of `public_url` is written into pages and headers as it is, so it may hold plain characters alone.
fn public_path(config: &Config) -> Option<String> {
    let path = config.public_path().strip_prefix('/')?;
    let is_plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'))
    };
    if !path.split('/').all(is_plain) {
        return Some(format!(
            "public_url: the path in {} may hold letters, digits and -._~ alone; write it as \"https://example.org/auth\"",
            quoted(&config.public_url)
        ));
    }
    let first = path.split('/').next().filter(|first| OWN_PATHS.contains(first))?;
    Some(format!(
        "public_url: /{first} is a path of the server itself; leave it out, or choose another, as in \
         \"https://example.org/auth\""
    ))
}

fn mail_server(config: &Config) -> Option<String> {
    match &config.mail.smtp_url {
        Some(url) => SmtpServer::read(url).err().map(|complaint| format!("mail.smtp_url: {complaint}")),
        None if config.mail.transport == Transport::Smtp => Some(
            "mail.smtp_url: the transport \"smtp\" needs it; write it as \"smtps://user:password@mail.example.org:465\""
                .to_owned(),
        ),
        None => None,
    }
}

fn links(config: &Config) -> Option<String> {
    let links = [
        ("activation", &config.links.activation),
        ("secondary_email", &config.links.secondary_email),
        ("password_reset", &config.links.password_reset),
        ("password_set", &config.links.password_set),
    ];
    if let Some((name, _)) = links.iter().find(|(_, link)| !link.contains("{token}")) {
        return Some(format!("links.{name}: the link must hold {{token}}, or nobody could use it"));
    }
    let without_token = [("join_requests", &config.links.join_requests), ("sign_in", &config.links.sign_in)];
    let without_token = without_token.into_iter().filter_map(|(name, link)| Some((name, link.as_ref()?)));
    if let Some((name, _)) = without_token.clone().find(|(_, link)| link.contains("{token}")) {
        return Some(format!("links.{name}: there is no {{token}} for this link; leave it out"));
    }
    if let Some((name, _)) =
        links.into_iter().chain(without_token).find(|(_, link)| link.contains(breaks_out))
    {
        return Some(format!("links.{name}: a link holds no blanks, quotes or angle brackets"));
    }
    let sign_in = config.sign_in()?;
    let is_address = url::Url::parse(&sign_in).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    (!is_address).then(|| {
        let sign_in = quoted(&sign_in);
        format!(
            "links.sign_in: {sign_in} is not a web address; write it as \"https://www.example.org/login\""
        )
    })
}

/// Whether a character would end an address where it stands in a mail.
fn breaks_out(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'')
}

fn lifetimes(config: &Config) -> Option<String> {
    let tokens = &config.tokens;
    let lifetimes = [
        ("access_lifetime", tokens.access_lifetime),
        ("refresh_lifetime", tokens.refresh_lifetime),
        ("session_lifetime", tokens.session_lifetime),
        ("activation_lifetime", tokens.activation_lifetime),
        ("password_reset_lifetime", tokens.password_reset_lifetime),
        ("secondary_email_lifetime", tokens.secondary_email_lifetime),
        ("password_set_lifetime", tokens.password_set_lifetime),
    ];
    let second = Duration::from_secs(1);
    let century = Duration::from_hours(100 * 365 * 24);
    let (name, _) = lifetimes.iter().find(|(_, lifetime)| !(second..=century).contains(lifetime))?;
    Some(format!("tokens.{name}: a lifetime lies between \"1 second\" and 100 years"))
}

fn fields(config: &Config) -> Option<String> {
    let accounts = &config.accounts;
    if accounts.login_fields.is_empty() {
        return Some("accounts.login_fields: name at least \"email\", or nobody could log in".to_owned());
    }
    if accounts.hide_existence && accounts.login_unverified && !accounts.passwordless_registration {
        return Some(
            "accounts.hide_existence: with accounts.login_unverified, `register` answers new accounts with tokens, \
             which tells them from others; turn one of the two off"
                .to_owned(),
        );
    }
    if !accounts.register_required.contains(&RegisterField::Email) {
        return Some("accounts.register_required: \"email\" must be among them".to_owned());
    }
    let twice = accounts.register_required.iter().find(|field| accounts.register_optional.contains(field))?;
    let twice = serde_json::json!(twice);
    Some(format!(
        "accounts.register_optional: {twice} is in accounts.register_required already; name it in one of the two lists"
    ))
}

fn passwords(config: &Config) -> Option<String> {
    let passwords = &config.passwords;
    let kibibytes = u32::try_from(passwords.memory.count() / 1024).unwrap_or(u32::MAX);
    // The library multiplies the lanes before it looks how many there are.
    let too_many = passwords.parallelism > argon2::Params::MAX_P_COST;
    if too_many || argon2::Params::new(kibibytes, passwords.iterations, passwords.parallelism, None).is_err()
    {
        return Some(
            "passwords: Argon2id wants at least 8 KiB of memory for each of parallelism, and 1 iteration"
                .to_owned(),
        );
    }
    if passwords.memory.count() > MOST_MEMORY {
        return Some("passwords.memory: at most \"4 GiB\", which each login takes".to_owned());
    }
    if !(1..=MOST_THREADS).contains(&config.hashing_threads()) {
        return Some(format!(
            "passwords.hashing_threads: between 1, or nobody could log in, and {MOST_THREADS}"
        ));
    }
    let silly = !(1..=128).contains(&passwords.min_length);
    silly.then(|| "passwords.min_length: between 1 and 128".to_owned())
}

fn bounds(config: &Config) -> Option<String> {
    let graphql = &config.graphql;
    if graphql.max_depth == 0 || graphql.max_complexity == 0 {
        return Some(
            "graphql.max_depth, graphql.max_complexity: at least 1, or every request is refused".to_owned(),
        );
    }
    let tiny = graphql.max_body.count() < 1024;
    tiny.then(|| "graphql.max_body: at least \"1 KiB\", or every request is refused".to_owned())
}

fn proxies(config: &Config) -> Option<String> {
    if config.http.max_connections == 0 {
        return Some("http.max_connections: at least 1, or nobody is answered".to_owned());
    }
    if config.http.max_connections_per_client == 0 {
        return Some("http.max_connections_per_client: at least 1, or nobody is answered".to_owned());
    }
    let is_origin = |text: &str| {
        text == "*" || url::Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
    };
    if let Some(odd) = config.http.cors_origins.iter().find(|text| !is_origin(text)) {
        return Some(format!(
            "http.cors_origins: {} is no site; write it as \"https://www.example.org\", without a slash at the end",
            quoted(odd)
        ));
    }
    let odd = config.http.trusted_proxies.iter().find(|text| network(text).is_none())?;
    Some(format!(
        "http.trusted_proxies: {} is no address, and no network that leaves anybody out; write it as \"127.0.0.1\" \
         or \"10.0.0.0/8\"",
        quoted(odd)
    ))
}

fn branding(config: &Config) -> Option<String> {
    let accent = &config.pages.branding.accent;
    let is_colour = accent.len() == 7
        && accent
            .strip_prefix('#')
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if !is_colour {
        let accent = quoted(accent);
        return Some(format!("pages.branding.accent: {accent} is no colour; write it as \"#1f6f54\""));
    }
    let name = config.branding_name();
    let empty = name.trim().is_empty() || name.chars().any(char::is_control);
    empty.then(|| "pages.branding.name: write a name on one line, or leave the setting out".to_owned())
}

fn tls(config: &Config) -> Option<String> {
    let tls = &config.http.tls;
    if tls.certificate.is_some() != tls.key.is_some() {
        return Some("http.tls: certificate and key go together; name both files, or neither".to_owned());
    }
    let name = tls.acme.as_deref()?;
    if tls.certificate.is_some() {
        return Some(
            "http.tls: a certificate comes from files or by acme; leave one of the two out".to_owned(),
        );
    }
    let is_name = !name.is_empty()
        && name.contains('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && name.parse::<std::net::IpAddr>().is_err();
    if !is_name {
        return Some(format!(
            "http.tls.acme: {} is no name of a server; write it as \"accounts.example.org\"",
            quoted(name)
        ));
    }
    let directory = &tls.acme_directory;
    let encrypted = url::Url::parse(directory).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    (!encrypted).then(|| {
        let directory = quoted(directory);
        format!("http.tls.acme_directory: {directory} is no web address that begins with https://")
    })
}

fn limits(config: &Config) -> Option<String> {
    let minutes = Duration::from_mins(1);
    let day = 24 * 60 * minutes;
    for (name, limit) in config.limits.each() {
        if limit.free == 0 {
            return Some(format!("limits.{name}: at least 1 attempt must be free, or nobody gets through"));
        }
        if limit.forget.is_zero() || limit.forget > 30 * day {
            return Some(format!("limits.{name}: forget lies between \"1 second\" and \"30 days\""));
        }
        if limit.pause < Duration::from_secs(1) || limit.pause > limit.longest || limit.longest > day {
            return Some(format!(
                "limits.{name}: pause is at least \"1 second\" and at most longest, which is at most \"1 day\""
            ));
        }
    }
    None
}

fn audit(config: &Config) -> Option<String> {
    let day = Duration::from_hours(24);
    let sensible = (day..=100 * 365 * day).contains(&config.audit.kept);
    (!sensible).then(|| "audit.kept: between \"1 day\" and 100 years".to_owned())
}
