//! The rules of working groups: who founds, joins, leaves and ends them, and who sees what of them. Plain synchronous
//! Rust like `accounts`, on which it stands.

pub mod admin;
mod errors;
pub mod join;
pub mod loader;
pub mod manage;
pub mod queries;
pub mod selection;
mod visibility;

pub use crate::store::join_requests::Status;
