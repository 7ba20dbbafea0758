//! Where a request comes from: the other end of the connection, or, behind proxies that are trusted, whom they name.
//!
//! Each proxy adds at the right whom it had the request from. So the names are read from right to left, as long as
//! whoever wrote one is trusted; what stands further left, anybody may have written.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::Request;
use poem::http::header::{FORWARDED, HeaderName, USER_AGENT};
use poem::http::{HeaderMap, HeaderValue};

use crate::security::Client;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Returns the client that the router found for a request.
pub(super) fn of(request: &Request) -> Client {
    request.data::<Client>().cloned().unwrap_or_default()
}

/// The proxies that are trusted.
#[derive(Clone)]
pub(super) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(super) fn new(trusted: Vec<IpNet>) -> Self {
        Self(trusted)
    }

    /// The client that sent a request.
    pub(super) fn client(&self, request: &Request) -> Client {
        let peer = request.remote_addr().as_socket_addr().map(|peer| peer.ip().to_canonical());
        let user_agent = request.headers().get(USER_AGENT).map(text).unwrap_or_default();
        Client::new(peer.map(|peer| self.behind(peer, request.headers())), &user_agent)
    }

    /// Whom the peer passes a request on for; itself if it is not trusted, or nobody can tell.
    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let named = [(&X_FORWARDED_FOR, addresses as Hops), (&FORWARDED, forwarded)].map(|(name, read)| {
            headers.contains_key(name).then(|| self.through(peer, hops(headers, name, read)))
        });
        match named {
            [Some(one), Some(other)] if one != other => {
                // A proxy writes one of the two, and may pass on what a client made up in the other.
                tracing::debug!("X-Forwarded-For and Forwarded disagree; neither is believed");
                peer
            }
            [one, other] => one.or(other).unwrap_or(peer),
        }
    }

    /// The first that is not trusted, from right to left; the last that is, where a name says nothing.
    fn through(&self, peer: IpAddr, hops: Vec<Option<IpAddr>>) -> IpAddr {
        let mut known = peer;
        for hop in hops.into_iter().rev() {
            match hop {
                Some(address) if self.trusts(known) => known = address,
                _ => break,
            }
        }
        known
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Reads one line of a header: for each hop an address, or none where the text holds no address.
type Hops = fn(&str) -> Vec<Option<IpAddr>>;

/// All hops that a header names, in the order of its lines. Each line is read by itself, so that one which a client
/// made up cannot swallow what a proxy wrote.
fn hops(headers: &HeaderMap, name: &HeaderName, read: Hops) -> Vec<Option<IpAddr>> {
    headers.get_all(name).iter().flat_map(|line| read(&text(line))).collect()
}

/// A header as text; what is not UTF-8 spoils itself and nothing else.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// `203.0.113.7, 2001:db8::1`
fn addresses(line: &str) -> Vec<Option<IpAddr>> {
    line.split(',').map(|text| address(text.trim())).collect()
}

/// `for=203.0.113.7;proto=https, for="[2001:db8::1]:4711"` (RFC 7239 §4).
fn forwarded(line: &str) -> Vec<Option<IpAddr>> {
    let Some(elements) = elements(line) else { return vec![None] };
    elements
        .iter()
        .map(|pairs| pairs.iter().find_map(|(name, value)| (name == "for").then(|| address(value))?))
        .collect()
}

/// An address with or without a port, `[2001:db8::1]:4711`. Other names, such as `unknown`, are none.
fn address(text: &str) -> Option<IpAddr> {
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip());
    text.parse().ok().or_else(in_brackets).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// The elements of a line, each with its pairs of name and value; none if it is not written by the rules. To be
/// lenient here would let a client that opens a quotation have what a proxy adds taken for a part of it.
fn elements(line: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut rest = line.trim();
    let (mut elements, mut pairs) = (Vec::new(), Vec::new());
    loop {
        let (name, behind) = rest.split_once('=')?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (value, behind) = value(behind)?;
        pairs.push((name.to_ascii_lowercase(), value));
        let behind = behind.trim_start();
        let Some(separator) = behind.chars().next() else { break };
        match separator {
            ';' => {}
            ',' => elements.push(std::mem::take(&mut pairs)),
            _ => return None,
        }
        rest = behind[1..].trim_start();
    }
    elements.push(pairs);
    Some(elements)
}

/// A token or a text in quotation marks at the beginning, and what stands behind it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (token, behind) = text.split_at(end);
        return (!token.is_empty() && !token.contains('"')).then(|| (token.to_owned(), behind));
    };
    let (mut value, mut characters) = (String::new(), quoted.char_indices());
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}
