//! People, and what the servers acknowledged to them.

use crate::tokens::Tokens;

/// Whether something was carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Done {
    No,
    Yes,
    /// It may have been, and was never acknowledged.
    Maybe,
}

pub struct Person {
    pub email: String,
    pub password: String,
    /// The IP address.
    pub network: String,
    pub registered: Done,
    pub verified: Done,
    /// The first name that was acknowledged last.
    pub name: String,
    /// First names that were sent later, and may have been stored.
    pub unacknowledged_names: Vec<String>,
    pub names: u32,
    pub sessions: Vec<Tokens>,
    /// Sessions that a revocation without a reply may have ended.
    pub uncertain_sessions: Vec<String>,
    pub revocations: Vec<Revocation>,
    /// Logins without a reply, each of which may have begun a session.
    pub unknown_logins: u32,
}

/// An acknowledged revocation.
pub struct Revocation {
    pub session: String,
    /// Whether the session has ended as well, or only its refresh tokens.
    pub ends_session: bool,
}

impl Person {
    pub fn new(email: String, password: String, network: String) -> Self {
        Self {
            email,
            password,
            network,
            registered: Done::No,
            verified: Done::No,
            name: String::new(),
            unacknowledged_names: Vec::new(),
            names: 0,
            sessions: Vec::new(),
            uncertain_sessions: Vec::new(),
            revocations: Vec::new(),
            unknown_logins: 0,
        }
    }
}
