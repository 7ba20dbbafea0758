//! The tests of the program, through its socket and its command line.

mod addresses;
mod conformance;
mod import_file;
mod password_rules;
mod server;
