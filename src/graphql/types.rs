pub mod group;
pub mod scalars;
pub mod session;
pub mod user;
