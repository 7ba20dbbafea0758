//! `[http]`

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

/// `[http]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Who is believed when telling for whom a request is passed on: addresses and networks.
    pub(super) trusted_proxies: Vec<String>,
}

impl Http {
    /// Those who are believed when telling for whom they pass a request on.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.trusted_proxies.iter().filter_map(|text| network(text)).collect()
    }
}

/// One address, or a network as `10.0.0.0/8` (RFC 4632); none if the text is neither, or names everybody.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let one = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    one.or_else(|_| text.parse()).ok().filter(|network| network.prefix_len() > 0)
}
