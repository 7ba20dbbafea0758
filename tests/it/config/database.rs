//! `database.url`.

use pledge4future_auth::config;

use crate::support::check_config::line;
use crate::support::program::Site;

const KEY: &str = "secret_key = \"0123456789abcdef0123456789abcdef\"\n";

/// Returns the error of a configuration with this URL.
fn refused(url: &str, others: &str) -> String {
    let text = format!("{KEY}database.url = {url:?}\n{others}");
    config::load_text(&text).err().unwrap_or_else(|| panic!("{url} is accepted")).to_string()
}

fn is_encrypted(url: &str, others: &str) -> bool {
    let loaded = config::load_text(&format!("{KEY}database.url = {url:?}\n{others}"));
    match loaded.unwrap_or_else(|error| panic!("{url}: {error}")).config.location().expect(url) {
        config::Location::Postgres(server) => server.is_encrypted,
        config::Location::Sqlite(path) => panic!("{}", path.display()),
    }
}

#[test]
fn an_invalid_url_is_refused_without_its_password() {
    for (url, problem) in [
        ("mysql://ada:sesame@db/p4f", "it must begin with postgres://"),
        ("sqlite:auth.sqlite3", "it must begin with postgres://"),
        ("postgres:///p4f", "it names no host"),
        ("postgres://ada:sesame@db", "it names no database"),
        ("postgres://ada:sesame@db:port/p4f", "it is not a valid URL"),
        ("postgres://ada:sesame@db/p4f?sslmode=sometimes", "it is not a valid URL"),
        ("postgres://ada:sesame@db/p4f?sslrootcert=ca.pem", "it is not a valid URL"),
    ] {
        let refused = refused(url, "");
        assert!(refused.starts_with("database.url: ") && refused.contains(problem), "{refused}");
        assert!(!refused.contains("sesame"), "{refused}");
    }
}

#[test]
fn connections_to_other_machines_are_encrypted() {
    for url in ["postgres://db/p4f", "postgres://127.0.0.1,db/p4f", "postgres://db/p4f?sslmode=verify-full"] {
        assert!(is_encrypted(url, ""), "{url}");
    }
    let ca_file = "database.ca_file = \"ca.pem\"\n";
    for url in ["postgres://localhost/p4f", "postgres://[::1]/p4f"] {
        assert!(!is_encrypted(url, ""), "{url}");
        assert!(is_encrypted(url, ca_file), "{url}");
    }
    assert!(
        !is_encrypted("postgres://%2Frun%2Fpostgresql/p4f", ca_file),
        "PostgreSQL offers no TLS on sockets"
    );
    assert!(is_encrypted("postgres://localhost/p4f?sslmode=require", ""));
    let unencrypted = "postgres://db/p4f?sslmode=disable";
    assert!(refused(unencrypted, "").contains("set database.plain_text = true"));
    assert!(!is_encrypted(unencrypted, "database.plain_text = true\n"));
    assert!(!is_encrypted("postgres://db/p4f", "database.plain_text = true\n"));
}

#[test]
fn a_shared_database_needs_a_key_and_excludes_acme() {
    let without_key =
        config::load_text("database.url = \"postgres://localhost/p4f\"\n").err().expect("an error");
    assert!(without_key.to_string().contains("secret_key_file"), "{without_key}");
    let acme = "public_url = \"https://accounts.example.org\"\nhttp.tls.acme = \"accounts.example.org\"\n";
    assert!(refused("postgres://localhost/p4f", acme).starts_with("http.tls.acme: "));
    assert!(
        refused("postgres://localhost/p4f", "database.connections = 0\n")
            .starts_with("database.connections: ")
    );
}

#[test]
fn check_config_prints_the_host_and_the_database_only() {
    let site = Site::empty();
    let url = "postgres://ada:sesame@db.example.org:6432/p4f?sslmode=require";
    site.write("config.toml", format!("{KEY}database.url = {url:?}\n"));
    let printed = site.run(["check-config"]).done();
    assert_eq!(line(&printed, "database.url"), ("\"postgres://db.example.org:6432/p4f\"", "config.toml"));
    assert!(!printed.contains("sesame") && printed.contains("others may read it"), "{printed}");
}
