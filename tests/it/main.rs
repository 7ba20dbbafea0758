//! The tests of the program, through its socket and its command line.

mod addresses;
mod bad_input;
mod browser;
mod choices;
mod command_line;
mod conformance;
mod contracts;
mod dialect;
mod existence;
mod floors;
mod groups;
mod import_file;
mod outbox;
mod page;
mod pages;
mod password_rules;
mod passwords;
mod person;
mod program;
mod refusals;
mod registering;
mod server;
mod sessions;
mod smtp;
mod users;
mod vectors;
