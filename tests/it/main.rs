//! The tests of the program, through its socket and its command line.

mod addresses;
mod bad_input;
mod browser;
mod certificate;
mod choices;
mod command_line;
mod conformance;
mod contracts;
mod dialect;
mod encryption;
mod existence;
mod floors;
#[path = "../fuzz/targets/lib.rs"]
mod fuzz_targets;
mod fuzzing;
mod graphql_cop;
mod groups;
mod import_file;
mod installing;
mod metrics;
mod outbox;
mod page;
mod pages;
mod password_rules;
mod passwords;
mod person;
mod program;
mod refusals;
mod registering;
mod reloading;
mod server;
mod sessions;
mod smtp;
mod users;
mod vectors;
