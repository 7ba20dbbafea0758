//! The rules of working groups.

pub mod directory;
