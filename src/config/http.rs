use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub(super) trusted_proxies: Vec<String>,
    pub cors_origins: Vec<String>,
    pub max_connections: usize,
    pub max_connections_per_client: usize,
    pub tls: Tls,
}

impl Http {
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| parse_network(text)).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub acme: Option<String>,
    pub acme_contact: Option<String>,
    pub acme_directory: String,
    pub acme_ca_file: Option<PathBuf>,
}

impl Tls {
    pub fn is_on(&self) -> bool {
        self.certificate.is_some() || self.acme.is_some()
    }
}

/// Parses an address, or a network such as `10.0.0.0/8`. Rejects networks that contain every address.
pub(super) fn parse_network(text: &str) -> Option<IpNet> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    address.or_else(|_| text.parse()).ok().filter(|network| network.prefix_len() > 0)
}
