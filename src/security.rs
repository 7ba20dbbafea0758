//! The caller of a rule, the transaction that a rule runs in, and what every rule needs there: throttling, the audit
//! log, mailed links and the check of a password.

pub mod action_links;
pub mod audit;
pub mod authentication;
mod client;
pub mod reauthentication;
pub mod throttle;
mod transaction;

pub use authentication::{Caller, Credentials, Viewer};
pub use client::Client;
pub use transaction::Tx;
