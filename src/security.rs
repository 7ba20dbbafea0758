//! The transaction and the caller of a rule, and the services that rules share: throttling, the audit log, mailed links and
//! password checks.

pub mod action_links;
pub mod audit;
pub mod authentication;
mod client;
pub mod reauthentication;
pub mod throttle;
mod transaction;

pub use authentication::{Caller, Credentials, Viewer};
pub use client::Client;
pub use transaction::{Operator, Tx};
