use std::net::IpAddr;

/// Enough characters to identify a browser and its operating system.
const MAX_USER_AGENT: usize = 200;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The IP address, also if the request came through trusted proxies. `None` if it is unknown.
    pub address: Option<IpAddr>,
    /// The user agent, shortened and without control characters.
    pub user_agent: String,
}

impl Client {
    pub fn new(address: Option<IpAddr>, user_agent: &str) -> Self {
        let user_agent = user_agent.chars().filter(|character| !character.is_control());
        Self { address, user_agent: user_agent.take(MAX_USER_AGENT).collect() }
    }

    /// Returns the network that attempts are counted for: the IPv4 address, or the /64 network of the IPv6 address, because
    /// a client usually has all addresses of such a network.
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
