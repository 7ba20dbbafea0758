//! Output types and scalars.

pub mod group;
pub mod scalars;
pub mod session;
pub mod user;
