//! The tests of the program, through its socket and its command line.

mod addresses;
mod audit;
mod bad_input;
mod browser;
mod certificate;
mod choices;
mod command_line;
mod conformance;
mod contract_file;
mod contracts;
mod crowds;
mod dialect;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(dead_code, reason = "here the disk breaks, and does not kill")]
mod disk;
mod documents;
mod encryption;
mod existence;
mod faults;
mod floors;
#[path = "../fuzz/targets/lib.rs"]
mod fuzz_targets;
mod fuzzing;
mod graphiql_bundle;
mod graphql_cop;
mod groups;
mod import_file;
mod installing;
mod limits;
mod metrics;
mod outbox;
mod page;
mod pages;
mod password_rules;
mod passwords;
mod person;
mod program;
mod public_path;
mod refusals;
mod registering;
mod reloading;
mod security_page;
mod server;
mod sessions;
mod smtp;
mod users;
mod vectors;
