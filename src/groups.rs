//! The rules of working groups: creation, membership and visibility. Like `accounts`, synchronous functions without HTTP,
//! GraphQL or SQL.

pub mod admin;
mod errors;
pub mod invitations;
pub mod join;
pub mod loader;
pub mod manage;
pub mod queries;
pub mod selection;
mod visibility;

pub use crate::store::join_requests::Status;
