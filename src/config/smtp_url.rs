//! Parses `mail.smtp_url` with the syntax of lettre, whose own parser does not return the parts of the URL.

use std::borrow::Cow;

use anyhow::{Context as _, Result, anyhow, bail};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::is_loopback;

#[derive(Debug, Clone)]
pub struct SmtpServer {
    /// The name, or the address without brackets.
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// The user and the password.
    pub login: Option<(String, SecretString)>,
    /// The name of this client for EHLO.
    pub ehlo_name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    None,
    /// STARTTLS if the server offers it.
    Opportunistic,
    /// STARTTLS, or no mail is sent.
    Required,
    /// TLS from the first byte.
    Implicit,
}

const WRITE_AS: &str = "write the URL as \"smtps://user:password@mail.example.org:465\"";

impl SmtpServer {
    /// Parses a URL. Errors do not contain any part of it, because it may contain a password.
    pub fn parse(url: &SecretString) -> Result<Self> {
        let url = Url::parse(url.expose_secret()).map_err(|_| {
            anyhow!(
                "it is not a valid URL; {WRITE_AS}, and characters such as @ and # in user and password as %40 and %23"
            )
        })?;
        let (encryption, default_port) = parse_encryption(&url)?;
        let host = parse_host(&url).with_context(|| format!("it has no valid host; {WRITE_AS}"))?;
        let login = parse_login(&url)?;
        let is_encrypted = matches!(encryption, Encryption::Implicit | Encryption::Required);
        if login.is_some() && !is_encrypted && !is_loopback(&host) {
            bail!("the password would be sent unencrypted; begin with smtps://, or end with ?tls=required");
        }
        let (port, ehlo_name) = (url.port().unwrap_or(default_port), parse_ehlo_name(&url)?);
        Ok(Self { host, port, encryption, login, ehlo_name })
    }
}

pub(super) fn has_password(url: &SecretString) -> bool {
    SmtpServer::parse(url).is_ok_and(|server| server.login.is_some())
}

/// Returns the URL with `***` as its password. Replaces an invalid URL completely, because any part of it may be the
/// password.
pub(super) fn mask_password(url: &SecretString) -> String {
    let (Ok(server), Ok(mut masked)) = (SmtpServer::parse(url), Url::parse(url.expose_secret())) else {
        return "***".to_owned();
    };
    if server.login.is_some() && masked.set_password(Some("***")).is_err() {
        return "***".to_owned();
    }
    masked.into()
}

/// Returns the encryption and its default port.
fn parse_encryption(url: &Url) -> Result<(Encryption, u16)> {
    let options: Vec<_> = url.query_pairs().collect();
    let options: Vec<_> = options.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
    match (url.scheme(), options.as_slice()) {
        ("smtps", []) => Ok((Encryption::Implicit, 465)),
        ("smtp", []) => Ok((Encryption::None, 25)),
        ("smtp", [("tls", "required")]) => Ok((Encryption::Required, 587)),
        ("smtp", [("tls", "opportunistic")]) => Ok((Encryption::Opportunistic, 587)),
        ("smtp" | "smtps", _) => {
            bail!("after ? only \"tls=required\" and \"tls=opportunistic\" are valid, and only with smtp://")
        }
        _ => bail!("it must begin with smtp:// or smtps://; {WRITE_AS}"),
    }
}

fn parse_host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            (!name.is_empty() && name.chars().all(is_valid)).then(|| name.to_owned())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

fn parse_login(url: &Url) -> Result<Option<(String, SecretString)>> {
    let decode = |text| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => Ok(None),
        ("", _) | (_, "") => bail!("it must have both user and password, or neither; {WRITE_AS}"),
        (user, password) => match (decode(user), decode(password)) {
            (Ok(user), Ok(password)) => Ok(Some((user, password.into()))),
            _ => bail!("user and password must be valid UTF-8 after percent-decoding"),
        },
    }
}

/// Parses the path of the URL, which lettre uses as the name of the client.
fn parse_ehlo_name(url: &Url) -> Result<Option<String>> {
    let name = url.path().trim_matches('/');
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    match name {
        _ if url.fragment().is_some() => {
            bail!("it must not contain a fragment; write # in user or password as %23")
        }
        "" => Ok(None),
        name if name.chars().all(is_valid) => Ok(Some(name.to_owned())),
        _ => bail!("the path must be the name of this client for EHLO, or empty"),
    }
}
