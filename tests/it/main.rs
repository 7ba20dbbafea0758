//! Tests of the program through its socket and its command line, laid out as `src/` is.

mod accounts;
mod again_on_postgres;
mod cli;
mod config;
mod conformance;
mod docs;
#[path = "../fuzz/targets/lib.rs"]
mod fuzz_targets;
mod fuzzing;
mod graphql;
mod groups;
mod http;
mod language;
mod layers;
mod mail;
mod metrics;
mod outbox;
mod packaging;
mod passkeys;
mod passwords;
mod store;
mod support;
mod tokens;
mod transfer;
