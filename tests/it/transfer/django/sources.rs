//! The sources of `import-django`: each gives the same accounts.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use regex::Regex;

use super::filled::{fill, filled, seen_account, seen_groups};
use super::records::records;
use super::{import, load_export, new_site, site_with};
use crate::support::django::DjangoSite;
use crate::support::postgres::{Access, PostgresServer};
use crate::support::program::Site;

/// Returns what an export contains, with times to the millisecond, and the hashes of refresh tokens.
fn contents(site: &Site) -> Vec<String> {
    site.run(["export", "all.json"]).done();
    let exported = std::fs::read_to_string(site.path("all.json")).expect("a file");
    // A dump has milliseconds, unless they are zero, and a database microseconds.
    let micros = Regex::new(r"(T\d\d:\d\d:\d\d\.\d{3})\d{3}").expect("a pattern");
    let exported = micros.replace_all(&exported, "$1").replace(".000+", "+");
    let tokens = site.database().query("SELECT token_hash FROM refresh_tokens");
    let tokens = tokens.iter().map(|row| format!("{row:?}"));
    // The order of institutions and groups is that of the source.
    let lines = exported.lines().map(|line| line.trim_end_matches(',').to_owned());
    let mut contents: Vec<String> = lines.chain(tokens).collect();
    contents.sort();
    contents
}

#[tokio::test]
async fn a_dump_a_compressed_dump_and_a_database_give_the_same_accounts() {
    let Some(filled) = filled().await else { return };
    let expected = contents(&site_with(&filled.dump));
    let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
    compressed.write_all(filled.dump.as_bytes()).expect("memory");
    let compressed = compressed.finish().expect("memory");
    for (name, bytes) in [("dump.json.gz", &compressed), ("django.sqlite3", &filled.sqlite_file)] {
        let site = new_site();
        site.write(name, bytes);
        import(&site, name);
        assert_eq!(contents(&site), expected, "{name}");
        assert_eq!(std::fs::read(site.path(name)).expect("a file"), *bytes, "{name} was changed");
    }
}

#[tokio::test]
async fn a_site_on_postgresql_moves_and_returns() {
    let Some(filled) = filled().await else { return };
    let Some(server) = PostgresServer::start(&Access::Open) else { return };
    for name in ["before", "after"] {
        server.execute("postgres", &format!("CREATE DATABASE {name}"));
    }
    let Some(before) = DjangoSite::on_postgres(server.url("before")) else { return };
    let Some(after) = DjangoSite::on_postgres(server.url("after")) else { return };
    before.load(&filled.dump);
    let site = new_site();
    import(&site, &server.url("before"));
    assert_eq!(contents(&site), contents(&site_with(&filled.dump)));
    load_export(&site, &after);
    assert_eq!(records(&after.dump()), records(&filled.dump));
}

#[tokio::test]
async fn a_site_whose_users_have_uuids_moves_and_returns() {
    let Some(before) = DjangoSite::with_uuid_keys() else { return };
    let Some(after) = DjangoSite::with_uuid_keys() else { return };
    let filled = fill(&before).await;
    let (site, from_database) = (site_with(&filled.dump), new_site());
    from_database.write("django.sqlite3", &filled.sqlite_file);
    import(&from_database, "django.sqlite3");
    assert_eq!(contents(&from_database), contents(&site));
    let server = site.serve();
    for account in &filled.people {
        assert_eq!(seen_account(&server.api(), &account.person.token).await, account.seen);
    }
    let token = |name: &str| &filled.account(name).person.token;
    assert_eq!(seen_groups(&server.api(), token("ada"), token("jon")).await, filled.groups);
    load_export(&site, &after);
    assert_eq!(records(&after.dump()), records(&filled.dump));
}
