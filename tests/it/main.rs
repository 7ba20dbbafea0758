//! The tests of the program, through its socket and its command line.

mod addresses;
mod conformance;
mod contracts;
mod dialect;
mod floors;
mod import_file;
mod outbox;
mod page;
mod password_rules;
mod passwords;
mod person;
mod registering;
mod server;
mod sessions;
mod users;
mod vectors;
