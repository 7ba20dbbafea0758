//! Sessions, as their owners see them.

use async_graphql::{ID, SimpleObject};

use super::scalars::DateTime;
use crate::accounts::sessions::OwnSession;

/// Somewhere the account is logged in.
#[derive(SimpleObject)]
pub struct SessionType {
    /// What `revokeSession` takes.
    id: ID,
    /// When it began, with a login.
    created_at: DateTime,
    /// When it was used last: at its login, or with `refreshToken`.
    last_used_at: DateTime,
    /// What the program called itself that used it last; empty where that is not known.
    user_agent: String,
    /// The address from which it was used last; null where that is not known.
    address: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<OwnSession> for SessionType {
    fn from(OwnSession { session, current }: OwnSession) -> Self {
        Self {
            id: session.id.into(),
            created_at: DateTime(session.began_at),
            last_used_at: DateTime(session.last_use.at),
            user_agent: session.last_use.user_agent,
            address: session.last_use.address,
            current,
        }
    }
}
