//! `[http]`: connections, and where requests come from.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Who is believed when telling for whom a request is passed on: addresses and networks.
    pub(super) trusted_proxies: Vec<String>,
    /// Sites whose pages may use the API from a browser.
    pub cors_origins: Vec<String>,
    /// How many connections may be open at a time.
    pub max_connections: usize,
    /// How many of them one client may have, unless it is a trusted proxy.
    pub max_connections_per_client: usize,
    /// Encryption.
    pub tls: Tls,
}

impl Http {
    /// Those who are believed when telling for whom they pass a request on.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| network(text)).collect()
    }
}

/// `[http.tls]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// A certificate with those that vouch for it, in PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, in PEM.
    pub key: Option<PathBuf>,
    /// The name to get a certificate for.
    pub acme: Option<String>,
    /// The address that the authority writes to.
    pub acme_contact: Option<String>,
    /// The authority's directory (RFC 8555 §7.1.1).
    pub acme_directory: String,
    /// Who may vouch for the authority's own server, in PEM.
    pub acme_ca_file: Option<PathBuf>,
}

impl Tls {
    /// Whether connections are encrypted.
    pub fn is_on(&self) -> bool {
        self.certificate.is_some() || self.acme.is_some()
    }
}

/// One address, or a network as `10.0.0.0/8` (RFC 4632); none if the text is neither, or names everybody.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let one = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    one.or_else(|_| text.parse()).ok().filter(|network| network.prefix_len() > 0)
}
