use std::net::IpAddr;

use anyhow::{Context as _, Result, bail, ensure};
use lettre::message::Mailbox;
use url::Url;

use crate::config::error_message::quoted;
use crate::config::http::parse_network;
use crate::config::{Config, RegistrationMode, SmtpServer, Transport};

/// First segments of the server's own paths, with which the path of `public_url` must not begin. A reverse proxy may remove
/// the path of `public_url` from requests or not, and the server could not distinguish the two.
const OWN_PATHS: [&str; 17] = [
    "account",
    "admin",
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
    "invitation",
    "done",
    "pages",
    "working-group-details",
    "favicon.ico",
];

/// Returns whether the first segment of a path such as `/activate/:token` is one of the server's own.
pub fn is_own_path(path: &str) -> bool {
    path.split('/').nth(1).is_some_and(|first| OWN_PATHS.contains(&first))
}

pub(super) fn check(config: &Config) -> Result<()> {
    check_public_url(config)?;
    check_mail(config)?;
    check_links(config)?;
    check_terms(config)?;
    check_registration_domains(config)?;
    check_http(config)?;
    check_tls(config)
}

fn check_public_url(config: &Config) -> Result<()> {
    let is_valid = |url: Url| {
        is_http(&url)
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && !config.public_url.contains('\\')
    };
    ensure!(
        Url::parse(&config.public_url).is_ok_and(is_valid),
        "public_url: {} is not a web address; write it as \"https://accounts.example.org\"",
        quoted(&config.public_url)
    );
    ensure!(
        !config.public_url.contains(terminates_url),
        "public_url: must not contain spaces, quotation marks or angle brackets"
    );
    // The path is written into pages and headers without escaping.
    let Some(path) = config.public_path().strip_prefix('/') else { return Ok(()) };
    let is_plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'))
    };
    ensure!(
        path.split('/').all(is_plain),
        "public_url: the path in {} must consist of names of letters, digits and -._~; write it as \"https://example.org/auth\"",
        quoted(&config.public_url)
    );
    let first = path.split('/').next().unwrap_or_default();
    ensure!(
        !OWN_PATHS.contains(&first),
        "public_url: /{first} is a path of the server itself; choose another path, as in \"https://example.org/auth\""
    );
    Ok(())
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Returns whether a character ends a URL in the text of a mail.
fn terminates_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\'')
}

fn check_mail(config: &Config) -> Result<()> {
    ensure!(
        config.mail.from.parse::<Mailbox>().is_ok(),
        "mail.from: {} is not a mail address; write it as \"no-reply@example.org\"",
        quoted(&config.mail.from)
    );
    match &config.mail.smtp_url {
        Some(url) => {
            SmtpServer::parse(url).context("mail.smtp_url")?;
        }
        None => ensure!(
            config.mail.transport != Transport::Smtp,
            "mail.smtp_url: the transport \"smtp\" needs it; write it as \
             \"smtps://user:password@mail.example.org:465\""
        ),
    }
    Ok(())
}

fn check_links(config: &Config) -> Result<()> {
    let links = &config.links;
    let with_token = [
        ("activation", &links.activation),
        ("secondary_email", &links.secondary_email),
        ("password_reset", &links.password_reset),
        ("password_set", &links.password_set),
        ("invitation", &links.invitation),
    ];
    let without_token = [("join_requests", &links.join_requests), ("sign_in", &links.sign_in)];
    let without_token = without_token.into_iter().filter_map(|(name, link)| Some((name, link.as_ref()?)));
    for (name, link) in with_token {
        ensure!(
            link.contains("{token}"),
            "links.{name}: must contain {{token}}; the link does not work without the token"
        );
    }
    for (name, link) in without_token.clone() {
        ensure!(
            !link.contains("{token}"),
            "links.{name}: must not contain {{token}}; this link has no token"
        );
    }
    for (name, link) in with_token.into_iter().chain(without_token) {
        ensure!(
            !link.contains(terminates_url),
            "links.{name}: must not contain spaces, quotation marks or angle brackets"
        );
    }
    if let Some(sign_in) = config.sign_in() {
        ensure!(
            Url::parse(&sign_in).is_ok_and(|url| is_http(&url)),
            "links.sign_in: {} is not a web address; write it as \"https://www.example.org/login\"",
            quoted(&sign_in)
        );
    }
    Ok(())
}

fn check_terms(config: &Config) -> Result<()> {
    let terms = &config.accounts.terms;
    ensure!(
        terms.url.is_some() == terms.version.is_some(),
        "accounts.terms: url and version belong together; set both, or neither"
    );
    let (Some(url), Some(version)) = (&terms.url, &terms.version) else { return Ok(()) };
    ensure!(
        Url::parse(url).is_ok_and(|parsed| is_http(&parsed)) && !url.contains(terminates_url),
        "accounts.terms.url: {} is not a web address; write it as \"https://www.example.org/terms\"",
        quoted(url)
    );
    ensure!(
        !version.trim().is_empty() && !version.contains(char::is_control),
        "accounts.terms.version: write a version on one line, as in \"2026-11-01\""
    );
    Ok(())
}

fn check_registration_domains(config: &Config) -> Result<()> {
    let domains = &config.accounts.registration_domains;
    if config.accounts.registration == RegistrationMode::Domains {
        ensure!(
            !domains.is_empty(),
            "accounts.registration_domains: must not be empty with accounts.registration = \"domains\", or nobody can \
             register; add for example \"example.org\""
        );
    } else {
        ensure!(
            domains.is_empty(),
            "accounts.registration_domains: has an effect only with accounts.registration = \"domains\"; set that, or remove \
             the domains"
        );
    }
    for domain in domains {
        let host = domain.strip_prefix("*.").unwrap_or(domain);
        let is_host = idna::domain_to_ascii_strict(host).is_ok_and(|ascii| {
            !ascii.is_empty() && !ascii.ends_with('.') && ascii.parse::<IpAddr>().is_err()
        });
        ensure!(
            is_host,
            "accounts.registration_domains: {} is not a domain; write it as \"example.org\", or as \"*.example.org\" for \
             all domains below it",
            quoted(domain)
        );
    }
    Ok(())
}

fn check_http(config: &Config) -> Result<()> {
    let http = &config.http;
    for (name, connections) in [
        ("max_connections", http.max_connections),
        ("max_connections_per_client", http.max_connections_per_client),
    ] {
        ensure!(connections > 0, "http.{name}: must be at least 1, or every connection is closed");
    }
    for origin in &http.cors_origins {
        ensure!(
            origin == "*"
                || Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin),
            "http.cors_origins: {} is not an origin; write it as \"https://www.example.org\", without a slash at the end",
            quoted(origin)
        );
    }
    for proxy in &http.trusted_proxies {
        ensure!(
            parse_network(proxy).is_some(),
            "http.trusted_proxies: {} is not an IP address or network, or the network contains all addresses; write it as \
             \"127.0.0.1\" or \"10.0.0.0/8\"",
            quoted(proxy)
        );
    }
    Ok(())
}

fn check_tls(config: &Config) -> Result<()> {
    let tls = &config.http.tls;
    ensure!(
        tls.certificate.is_some() == tls.key.is_some(),
        "http.tls: certificate and key belong together; name both files, or neither"
    );
    let Some(name) = tls.acme.as_deref() else { return Ok(()) };
    if tls.certificate.is_some() {
        bail!("http.tls: certificate and acme exclude each other; remove one of them");
    }
    let is_host_name = name.contains('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        && name.parse::<IpAddr>().is_err();
    ensure!(
        is_host_name,
        "http.tls.acme: {} is not a host name; write it as \"accounts.example.org\"",
        quoted(name)
    );
    let directory = &tls.acme_directory;
    ensure!(
        Url::parse(directory).is_ok_and(|url| url.scheme() == "https" && url.has_host()),
        "http.tls.acme_directory: {} is not a web address that begins with https://",
        quoted(directory)
    );
    Ok(())
}
