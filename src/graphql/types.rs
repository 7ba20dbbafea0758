pub mod group;
pub mod invitation;
pub mod scalars;
pub mod session;
pub mod user;
