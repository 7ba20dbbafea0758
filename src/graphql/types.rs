pub mod group;
pub mod invitation;
pub mod scalars;
pub mod second_factor;
pub mod session;
pub mod user;
