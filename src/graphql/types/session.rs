use async_graphql::{ID, SimpleObject};

use super::scalars::DateTime;
use crate::accounts::sessions::OwnSession;

/// A session of the account.
#[derive(SimpleObject)]
pub struct SessionType {
    /// The id, which `revokeSession` takes.
    id: ID,
    /// When the session began, with a login.
    created_at: DateTime,
    /// When the session was last used: at the login, or with `refreshToken`.
    last_used_at: DateTime,
    /// The user agent that last used the session; empty if unknown.
    user_agent: String,
    /// The IP address that last used the session; null if unknown.
    address: Option<String>,
    /// Whether this is the current session.
    current: bool,
}

impl From<OwnSession> for SessionType {
    fn from(OwnSession { session, is_current }: OwnSession) -> Self {
        Self {
            id: session.id.into(),
            created_at: session.began_at.into(),
            last_used_at: session.last_use.at.into(),
            user_agent: session.last_use.user_agent,
            address: session.last_use.address,
            current: is_current,
        }
    }
}
