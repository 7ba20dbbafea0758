//! Import and export of institutions, research fields, working groups and accounts in one format, described in
//! `docs/import.md`.

pub mod bundled;
pub mod export;
pub mod file;
pub mod import;
