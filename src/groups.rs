//! The rules of working groups: who founds, joins, leaves and ends them, and who sees what of them. Plain synchronous
//! Rust like `accounts`, on which it stands.

pub mod directory;
pub mod joining;
pub mod managing;
pub mod operator;
pub mod picture;
mod refusal;
mod sight;

pub use crate::store::join_requests::Status;
