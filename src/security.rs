//! The transaction and the caller of a rule, and the services that rules share: throttling, the audit log, mailed links,
//! notices, and checks of passwords and second factors.

pub mod action_links;
pub mod audit;
pub mod authentication;
pub mod challenges;
mod client;
pub mod notices;
pub mod reauthentication;
pub mod second_factor;
pub mod throttle;
mod transaction;

pub use authentication::{Caller, Credentials, Viewer};
pub use client::Client;
pub use transaction::{Operator, Tx};
