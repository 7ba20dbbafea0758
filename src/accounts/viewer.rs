//! Who is asking, and from where.

use std::net::IpAddr;

use secrecy::SecretString;

/// As much of a user agent as is kept: enough to tell a browser and its system.
const LONGEST_USER_AGENT: usize = 200;

/// Who is asking: the access token of the request, if it has one, and where it comes from.
#[derive(Clone, Default)]
pub struct Viewer {
    pub(super) token: Option<SecretString>,
    client: Client,
}

impl Viewer {
    /// Somebody at a client, without an access token.
    pub fn at(client: Client) -> Self {
        Self { token: None, client }
    }

    /// The same with an access token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self { token: Some(token.to_owned().into()), ..self }
    }

    /// Where the request comes from.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

/// A program that sends requests, as far as the server can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Its address, that of a trusted proxy in between left out; none where nothing told it.
    pub address: Option<IpAddr>,
    /// What it calls itself, on one line and not too long.
    pub user_agent: String,
}

impl Client {
    /// A client at an address, which calls itself whatever it likes.
    pub fn new(address: Option<IpAddr>, user_agent: &str) -> Self {
        let shown = user_agent.chars().filter(|character| !character.is_control());
        Self { address, user_agent: shown.take(LONGEST_USER_AGENT).collect() }
    }

    /// What of its address is taken for one client: whoever has an IPv6 address has all those of its /64.
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
