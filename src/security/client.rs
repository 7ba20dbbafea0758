//! The client that sends a request.

use std::net::IpAddr;

/// Enough characters of a user agent to tell a browser and its system.
const MAX_USER_AGENT: usize = 200;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The IP address behind trusted proxies, if known.
    pub address: Option<IpAddr>,
    /// The user agent, shortened and without control characters.
    pub user_agent: String,
}

impl Client {
    pub fn new(address: Option<IpAddr>, user_agent: &str) -> Self {
        let shown = user_agent.chars().filter(|character| !character.is_control());
        Self { address, user_agent: shown.take(MAX_USER_AGENT).collect() }
    }

    /// Returns the name under which attempts are counted: the address, or the /64 network of an IPv6 address, because its
    /// owner has all addresses of that network.
    pub fn network(&self) -> String {
        match self.address {
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            None => "unknown".to_owned(),
        }
    }
}
