//! Import and export of institutions, research fields, working groups and accounts (`docs/import.md`).

pub mod bundled;
pub mod export;
pub mod file;
pub mod import;
