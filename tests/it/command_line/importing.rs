//! `import`: all of a file or nothing, and doing it again changes nothing.

use serde_json::{Value, json};

use crate::program::{Outcome, Site};

const SEED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/seed.json"));

fn report(heading: &str, institutions: [u8; 2], research_fields: [u8; 2], accounts: [u8; 2]) -> String {
    let line = |what: &str, [new, kept]: [u8; 2]| {
        format!("{what}: {new} imported or corrected, {kept} as they were\n")
    };
    [
        heading.to_owned(),
        line("institutions", institutions),
        line("research fields", research_fields),
        line("accounts", accounts),
        line("working groups", [0, 0]),
    ]
    .concat()
}

fn import(site: &Site, file: &Value) -> Outcome {
    site.write("file.json", file.to_string());
    site.run(["import", "file.json"])
}

fn user(email: &str, username: &str) -> Value {
    json!({ "email": email, "username": username, "password": "" })
}

fn institution() -> Value {
    json!({
        "id": "5b0c6e7f-8a04-4d46-bae5-1c6d7f809b06",
        "name": "University of Tartu", "city": "Tartu", "country": "Estonia"
    })
}

#[test]
fn a_second_import_keeps_everything_as_it_is() {
    let site = Site::empty();
    site.write("seed.json", SEED);
    assert_eq!(site.run(["import", "seed.json"]).done(), report("", [5, 0], [5, 0], [7, 0]));
    assert_eq!(site.run(["import", "seed.json"]).done(), report("", [0, 5], [0, 5], [0, 7]));
    assert_eq!(site.run(["mail", "list"]).done(), "There are no mails.\n");
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_keeps_nothing_of_it() {
    let site = Site::empty();
    site.write("seed.json", SEED);
    let heading = "Nothing is kept of this (--dry-run).\n";
    for _ in 0..2 {
        let told = site.run(["import", "--dry-run", "seed.json"]).done();
        assert_eq!(told, report(heading, [5, 0], [5, 0], [7, 0]));
    }
    assert_eq!(site.run(["import", "seed.json"]).done(), report("", [5, 0], [5, 0], [7, 0]));
}

#[test]
fn a_file_with_faults_is_refused_with_each_fault_and_its_place() {
    let site = Site::empty();
    let mut ada = user("ada@example.org", "ada");
    ada["emial"] = json!("ada@example.org");
    let file = json!({ "institutions": [institution()], "users": [ada, user("bob", "bob")] });
    let outcome = import(&site, &file);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), ""));
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, part) in lines.iter().zip(["file.json", "users[0].emial: ", "users[1].email: "]) {
        assert!(line.contains(part), "{part}: {line}");
    }
    let rest = json!({ "institutions": [institution()] });
    assert_eq!(import(&site, &rest).done(), report("", [1, 0], [0, 0], [0, 0]));
}

#[test]
fn an_entry_in_conflict_with_what_is_there_is_named_and_nothing_is_imported() {
    let site = Site::empty();
    let ada = json!({ "users": [user("ada@example.org", "ada")] });
    assert_eq!(import(&site, &ada).done(), report("", [0, 0], [0, 0], [1, 0]));

    let bob = user("bob@example.org", "bob");
    let file = json!({ "institutions": [institution()], "users": [bob, user("eve@example.org", "ada")] });
    let sentence = import(&site, &file).refused(1);
    for part in ["file.json", "nothing was imported", "users[1].username", "\"ada\""] {
        assert!(sentence.contains(part), "{part}: {sentence}");
    }

    let rest = json!({ "institutions": [institution()], "users": [bob] });
    assert_eq!(import(&site, &rest).done(), report("", [1, 0], [0, 0], [1, 0]));
}

#[test]
fn a_file_that_is_not_there_is_named_and_no_database_is_made_for_it() {
    let site = Site::empty();
    let sentence = site.run(["import", "missing.json"]).refused(1);
    assert!(sentence.contains("missing.json"), "{sentence}");
    assert_eq!(site.names(), [] as [&str; 0]);
}
