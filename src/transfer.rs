//! Import and export of institutions, research fields, working groups and accounts (`docs/import.md`), moves from Django
//! and back (`docs/moving.md`), and moves to another database (`docs/scaling.md`).

pub mod bundled;
pub mod django;
pub mod export;
pub mod file;
pub mod import;
pub mod relocate;
