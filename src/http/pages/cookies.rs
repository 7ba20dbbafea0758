//! The cookies of pages (RFC 6265; OWASP ASVS 3.3).
//!
//! `SameSite=Lax`, because a browser must send the cookie when its user follows a link in a mail or in the front end. So a
//! form is also protected by a token and by the headers with which browsers name the site that sent it.

use poem::Request;
use poem::http::HeaderValue;
use poem::http::header::COOKIE;

use crate::config::Config;

/// Whether browsers send the cookies only over HTTPS, which also determines their names.
#[derive(Clone, Copy)]
pub(super) struct Cookies {
    is_secure: bool,
}

/// A cookie of pages.
#[derive(Clone, Copy)]
pub(super) enum Cookie {
    /// Identifies the session of a login.
    Session,
    /// Identifies a browser without a login, so that its forms have tokens.
    Visitor,
}

impl Cookies {
    pub(super) fn new(config: &Config) -> Self {
        Self { is_secure: config.public_url.starts_with("https://") }
    }

    /// Browsers accept the prefix `__Host-` only with `Secure`, `Path=/` and without `Domain`, so no other host can set the
    /// cookie. They reject `Secure` over HTTP, except for some on localhost.
    fn name(self, cookie: Cookie) -> &'static str {
        match (self.is_secure, cookie) {
            (true, Cookie::Session) => "__Host-p4f",
            (true, Cookie::Visitor) => "__Host-p4f-visitor",
            (false, Cookie::Session) => "p4f",
            (false, Cookie::Visitor) => "p4f-visitor",
        }
    }

    /// Returns a cookie of a request. If there are several of its name, none is trusted.
    pub(super) fn read(self, request: &Request, cookie: Cookie) -> Option<String> {
        // Bytes, because cookies that other servers of the host have set may contain any.
        let start = format!("{}=", self.name(cookie));
        let headers = request.headers().get_all(COOKIE).iter();
        let pairs = headers.flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
        let mut values = pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(start.as_bytes()));
        let value = values.next()?;
        let is_only = values.next().is_none();
        String::from_utf8(value.to_vec()).ok().filter(|value| is_only && !value.is_empty())
    }

    /// Returns the header that sets a cookie until the browser is closed, or deletes it if `value` is empty.
    pub(super) fn set(self, cookie: Cookie, value: &str) -> Option<HeaderValue> {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let age = if value.is_empty() { "; Max-Age=0" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(cookie));
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}
