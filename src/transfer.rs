//! Institutions, research fields, working groups and accounts out of files and into them: one format both ways,
//! described in `docs/import.md`.

pub mod bundled;
pub mod export;
pub mod file;
pub mod import;
