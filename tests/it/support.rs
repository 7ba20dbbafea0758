//! Code that several tests use.

pub mod access_token;
pub mod api;
pub mod audit;
pub mod browser;
pub mod browser_authenticator;
pub mod certificate;
pub mod check_config;
pub mod contract_file;
pub mod database;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(dead_code, reason = "only the endurance test kills the program at a write")]
pub mod disk;
pub mod django;
pub mod graphiql;
pub mod graphiql_sources;
#[cfg(unix)]
pub mod machine;
pub mod mutation;
pub mod page_browser;
pub mod person;
pub mod phone;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod rejection;
pub mod second_factor;
pub mod security_key;
pub mod server;
pub mod serving;
pub mod smtp_receiver;
pub mod vectors;

/// The accounts, groups and institutions that the conformance scenarios begin with.
pub const SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/seed.json"));

/// The migrations, for tests that start with an older schema.
pub mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}
