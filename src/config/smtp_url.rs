//! `mail.smtp_url`, taken apart.

use std::borrow::Cow;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// A mail server and how to speak with it.
#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// Its name, or its address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// Who logs in, and the password.
    pub login: Option<(String, SecretString)>,
    /// The name to say hello with.
    pub hello: Option<String>,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// By STARTTLS if the server offers it.
    Opportunistic,
    /// By STARTTLS, or no mail leaves.
    Required,
    /// From the first byte.
    Whole,
}

const HOW: &str = "write it as \"smtps://user:password@mail.example.org:465\"";

impl SmtpServer {
    /// Reads the URL as lettre does.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that shows nothing of the URL.
    pub fn read(url: &SecretString) -> Result<Self, String> {
        let url = Url::parse(url.expose_secret()).map_err(|_| {
            format!(
                "it cannot be read; {HOW}, and characters like @ and # in user or password as %40 and %23"
            )
        })?;
        let (encryption, usual_port) = encryption(&url)?;
        let host = host(&url).ok_or_else(|| format!("it names no host; {HOW}"))?;
        let login = login(&url)?;
        if login.is_some() && encryption != Encryption::Whole && encryption != Encryption::Required {
            require_loopback(&host)?;
        }
        Ok(Self { port: url.port().unwrap_or(usual_port), host, encryption, login, hello: hello(&url)? })
    }
}

/// Whether the URL holds a password.
pub(super) fn has_password(url: &SecretString) -> bool {
    SmtpServer::read(url).is_ok_and(|server| server.login.is_some())
}

/// Returns the URL with `***` in place of its password. A URL that cannot be read becomes `***` altogether: its password
/// may be anywhere in it.
pub(super) fn masked(url: &SecretString) -> String {
    let (Ok(server), Ok(mut shown)) = (SmtpServer::read(url), Url::parse(url.expose_secret())) else {
        return "***".to_owned();
    };
    if server.login.is_some() && shown.set_password(Some("***")).is_err() {
        return "***".to_owned();
    }
    shown.into()
}

fn encryption(url: &Url) -> Result<(Encryption, u16), String> {
    let options: Vec<_> = url.query_pairs().collect();
    let options: Vec<_> = options.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    match (url.scheme(), options.as_slice()) {
        ("smtps", []) => Ok((Encryption::Whole, 465)),
        ("smtp", []) => Ok((Encryption::None, 25)),
        ("smtp", [("tls", "required")]) => Ok((Encryption::Required, 587)),
        ("smtp", [("tls", "opportunistic")]) => Ok((Encryption::Opportunistic, 587)),
        ("smtp" | "smtps", _) => {
            Err("after the ? it takes \"tls=required\" or \"tls=opportunistic\", with smtp:// alone"
                .to_owned())
        }
        _ => Err(format!("it begins with smtp:// or smtps://; {HOW}")),
    }
}

fn host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            (!name.is_empty() && name.chars().all(fits)).then(|| name.to_owned())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn login(url: &Url) -> Result<Option<(String, SecretString)>, String> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => Err(format!("user and password go together; {HOW}")),
        (user, password) => match (decoded(user), decoded(password)) {
            (Ok(user), Ok(password)) => Ok(Some((user, password.into()))),
            _ => Err("user and password must be UTF-8, where they are written with %".to_owned()),
        },
    }
}

fn require_loopback(host: &str) -> Result<(), String> {
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback {
        return Ok(());
    }
    Err("the password would cross the network in clear; begin with smtps://, or end with ?tls=required"
        .to_owned())
}

/// As in lettre, what stands where a path would.
fn hello(url: &Url) -> Result<Option<String>, String> {
    let name = url.path().trim_matches('/');
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    match name {
        _ if url.fragment().is_some() => Err(format!("write # in user or password as %23; {HOW}")),
        "" => Ok(None),
        name if name.chars().all(fits) => Ok(Some(name.to_owned())),
        _ => Err("after the port it takes the name to say hello with, and no other path".to_owned()),
    }
}
