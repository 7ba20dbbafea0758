//! The client that sent a request: the peer of the connection or, behind trusted proxies, the client that they name in
//! `X-Forwarded-For` or `Forwarded`.
//!
//! Each proxy appends the address from which it received the request. So the addresses are read from right to left, up to
//! the first one that is not a trusted proxy. Clients can forge all addresses to the left of it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use ipnet::IpNet;
use poem::Request;
use poem::http::header::{FORWARDED, HeaderName, USER_AGENT};
use poem::http::{HeaderMap, HeaderValue};
use regex::Regex;

use crate::config;
use crate::security::{Client, Viewer};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A parameter of `Forwarded`, with the separator after it unless it is the last one.
static FORWARDED_PAIR: LazyLock<Regex> = LazyLock::new(|| {
    let value = r#""(?<quoted>(?:[^"\\]|\\.)*)"|(?<token>[^";,\s]+)"#;
    let pair = format!(r"^(?<name>[[:alnum:]]*)=(?:{value})\s*(?:(?<separator>[;,])\s*|$)");
    Regex::new(&pair).expect("a valid pattern")
});

/// Returns a viewer without a token, at the client that the router stored in the request.
pub(super) fn anonymous_viewer(request: &Request) -> Viewer {
    Viewer::anonymous(request.data::<Client>().cloned().unwrap_or_default())
}

#[derive(Clone, Default)]
pub(super) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(super) fn new(http: &config::Http) -> Self {
        Self(http.trusted_proxies())
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(super) fn client(&self, request: &Request) -> Client {
        let peer = request.remote_addr().as_socket_addr().map(|peer| peer.ip().to_canonical());
        let user_agent = request.headers().get(USER_AGENT).map(lossy).unwrap_or_default();
        Client::new(peer.map(|peer| self.client_address(peer, request.headers())), &user_agent)
    }

    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named_in = |name, parse| {
            let hops = hops(headers, name, parse);
            (!hops.is_empty()).then(|| self.first_untrusted(peer, &hops))
        };
        match (named_in(&X_FORWARDED_FOR, x_forwarded_for), named_in(&FORWARDED, forwarded)) {
            (Some(one), Some(other)) if one != other => {
                // A proxy writes one of the two headers and may pass on the other as the client sent it.
                tracing::debug!("X-Forwarded-For and Forwarded disagree; both are ignored");
                peer
            }
            (one, other) => one.or(other).unwrap_or(peer),
        }
    }

    /// Walks from the peer to the left through the hops, and returns the first address that is not a trusted proxy. If all
    /// are trusted, or if a hop has no address, returns the last address that was reached.
    fn first_untrusted(&self, peer: IpAddr, hops: &[Option<IpAddr>]) -> IpAddr {
        let mut client = peer;
        for hop in hops.iter().rev() {
            match hop {
                Some(address) if self.contains(client) => client = *address,
                _ => break,
            }
        }
        client
    }
}

/// Returns all hops that a header names: an address, or `None` for any other text. Each line is parsed separately, so that
/// a malformed line from a client cannot hide what a proxy wrote.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    parse_line: fn(&str) -> Vec<Option<IpAddr>>,
) -> Vec<Option<IpAddr>> {
    headers.get_all(name).iter().flat_map(|line| parse_line(&lossy(line))).collect()
}

fn lossy(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// Parses `203.0.113.7, 2001:db8::1`.
fn x_forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    line.split(',').map(|address| parse_address(address.trim())).collect()
}

/// Parses `for=203.0.113.7;proto=https, for="[2001:db8::1]:4711"` (RFC 7239 §4). A malformed line counts as one hop
/// without an address, so that nothing in it is trusted. The crate `rfc7239`, which poem uses, splits lines at commas even
/// within quoted strings, so a client could forge a hop within a string.
fn forwarded(line: &str) -> Vec<Option<IpAddr>> {
    let (mut hops, mut hop, mut rest) = (Vec::new(), None, line.trim());
    loop {
        let Some(pair) = FORWARDED_PAIR.captures(rest) else { return vec![None] };
        if hop.is_none() && pair["name"].eq_ignore_ascii_case("for") {
            let value = pair.name("quoted").or(pair.name("token"));
            hop = value.and_then(|value| parse_address(value.as_str()));
        }
        match pair.name("separator").map(|separator| separator.as_str()) {
            Some(";") => {}
            Some(_) => hops.push(hop.take()),
            None => {
                hops.push(hop);
                return hops;
            }
        }
        rest = &rest[pair[0].len()..];
    }
}

/// Parses an address with or without a port, such as `[2001:db8::1]:4711`. Other names, such as `unknown`, give `None`.
fn parse_address(text: &str) -> Option<IpAddr> {
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip());
    text.parse().ok().or_else(in_brackets).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}
