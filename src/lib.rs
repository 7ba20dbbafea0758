//! The account API of pledge4future in one binary.
//!
//! # The map
//!
//! A file imports from lower floors and from its own folder, never from higher ones; `tests/it/floors.rs` reads the
//! sources and holds that.
//!
//! | floor | what it knows |
//! | --- | --- |
//! | [`cli`] | the command line; the only place that prints, exits and waits for signals |
//! | [`http`] | requests and answers (poem): GraphQL, GraphiQL, and pages for people |
//! | [`graphql`] | the dialect: names, types, arguments, payloads (async-graphql) |
//! | [`blocking_pool`] | where async ends: the one way from there to the rules, bounded |
//! | [`groups`], [`transfer`], [`health`] | the rules of working groups; import and export; whether all is well |
//! | [`accounts`] | the rules of accounts: plain synchronous Rust, like those of groups; no HTTP, no GraphQL, no SQL text |
//! | [`outbox`] | mail promised in a transaction and delivered after it |
//! | [`app`] | the parts, assembled |
//! | [`store`], [`mail`], [`tokens`], [`passwords`] | one technology each |
//! | [`config`], [`clock`], [`random`], [`metrics`], [`ascii_json`] | values |
//!
//! # Where is it?
//!
//! A request comes in at `http/endpoint.rs`. Its field is in `graphql/mutation.rs` or `graphql/query.rs`, which names
//! the rule; the rule's file in `accounts/` or `groups/` names the functions in `store/`, one SQL statement each.
//! Sentences that people read are in `accounts/error.rs`, `groups/errors.rs`, `passwords/rules.rs` and `assets/mail/`;
//! settings in `config.example.toml`.
//!
//! A link in a mail leads to `http/pages.rs`, whose words are in `http/pages/content.rs` and `assets/pages/`; its rules
//! are those of the mutations. The GraphiQL bundle and its source are in `assets/graphiql/`.
//!
//! Who may see whom is `accounts/user_list.rs` for accounts, and `groups/visibility.rs` for all that is met in groups. What a
//! request selects around an account or a group (`graphql/lookahead.rs`) is read by `groups/loader.rs`.
//!
//! # What always holds
//!
//! - An answered write is on disk. A rule changes all that it changes in one transaction; a password is hashed
//!   before that transaction begins, and no connection is held meanwhile.
//! - Mail is a row in the transaction that causes it. What is rolled back sends nothing; what is committed is sent.
//! - One address is one account, whatever its case and whether it is primary or secondary: the database says so.
//! - Nobody is in two working groups, and a group has one representative at most, who is a member: the keys say so.
//! - An access token ends with its session and its account's epoch. A refresh token is spent in one statement, and a
//!   copy of it ends its session; a mailed token ends with its first use.
//! - A password is tried only after the try was counted (`accounts/throttle.rs`). What happens to an account is noted in
//!   the transaction that does it, and no secret is (`accounts/audit.rs`).
//! - A refusal is worded for people and shown; any other error is logged and shown as "Internal server error".
//! - Time and randomness are values of [`app::App`]; clippy refuses every other source.

pub mod accounts;
pub mod app;
pub mod ascii_json;
pub mod blocking_pool;
pub mod cli;
pub mod clock;
pub mod config;
pub mod graphql;
pub mod groups;
pub mod health;
pub mod http;
pub mod mail;
pub mod metrics;
pub mod outbox;
pub mod passwords;
pub mod random;
pub mod store;
pub mod tokens;
pub mod transfer;
