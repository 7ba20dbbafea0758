//! `import` and `export`.

use serde_json::{Value, json};

use crate::support::SEED;
use crate::support::mutation::{register, request_reset};
use crate::support::person::{PASSWORD, assert_done, assert_refused};
use crate::support::program::{Outcome, Site};

fn report(heading: &str, institutions: [u8; 2], research_fields: [u8; 2], accounts: [u8; 2]) -> String {
    report_with_groups(heading, institutions, research_fields, accounts, [0, 0])
}

fn report_with_groups(
    heading: &str,
    institutions: [u8; 2],
    research_fields: [u8; 2],
    accounts: [u8; 2],
    groups: [u8; 2],
) -> String {
    let line =
        |what: &str, [new, kept]: [u8; 2]| format!("{what}: {new} imported or updated, {kept} unchanged\n");
    [
        heading.to_owned(),
        line("institutions", institutions),
        line("research fields", research_fields),
        line("accounts", accounts),
        line("working groups", groups),
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
fn a_second_import_changes_nothing() {
    let site = Site::empty();
    site.write("seed.json", SEED);
    assert_eq!(site.run(["import", "seed.json"]).done(), report("", [5, 0], [5, 0], [7, 0]));
    assert_eq!(site.run(["import", "seed.json"]).done(), report("", [0, 5], [0, 5], [0, 7]));
    assert_eq!(site.run(["mail", "list"]).done(), "There are no mails.\n");
}

#[test]
fn a_dry_run_reports_the_import_and_keeps_nothing() {
    let site = Site::empty();
    site.write("seed.json", SEED);
    let heading = "Dry run: nothing was changed. An import would give:\n";
    for _ in 0..2 {
        let output = site.run(["import", "--dry-run", "seed.json"]).done();
        assert_eq!(output, report(heading, [5, 0], [5, 0], [7, 0]));
    }
    assert_eq!(site.run(["import", "seed.json"]).done(), report("", [5, 0], [5, 0], [7, 0]));
}

#[test]
fn a_file_with_faults_is_refused_with_every_path() {
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
fn an_entry_that_conflicts_with_existing_data_stops_the_import() {
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
fn a_missing_file_is_named_and_no_database_is_created() {
    let site = Site::empty();
    let sentence = site.run(["import", "missing.json"]).refused(1);
    assert!(sentence.contains("missing.json"), "{sentence}");
    assert_eq!(site.names(), [] as [&str; 0]);
}

/// A group of two accounts of the seed, with join requests of a third.
fn group() -> Value {
    json!({
        "id": "7e8f9a0b-1c2d-4e3f-8a4b-5c6d7e8f9a0b",
        "name": "Tidal energy",
        "institution": "0B6F2A52-52E4-4DBB-9F6F-3F0F6F9F7A01",
        "researchfield": 1,
        "n_employees": 12,
        "is_public": true,
        "representative": "Seed.Verified@example.org",
        "members": ["seed.oldhash@example.org"],
        "joinrequests": [
            { "id": "11111111-1c2d-4e3f-8a4b-5c6d7e8f9a0b", "user": "seed.unverified@example.org",
              "timestamp": "2021-08-08T17:22:56.5+00:00", "status": "declined" },
            { "id": "22222222-1c2d-4e3f-8a4b-5c6d7e8f9a0b", "user": "seed.unverified@example.org" }
        ]
    })
}

fn seed_with(groups: &[Value]) -> Value {
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["workinggroups"] = json!(groups);
    seed
}

#[test]
fn an_export_can_be_imported_and_exported_again_byte_for_byte() {
    let (here, there) = (Site::empty(), Site::empty());
    let mut private = group();
    for (member, value) in [
        ("id", json!("00000000-1c2d-4e3f-8a4b-5c6d7e8f9a0b")),
        ("name", json!("Tides \u{1F30A} \"and\" <winds>")),
        ("institution", Value::Null),
        ("n_employees", Value::Null),
        ("is_public", json!(false)),
        ("representative", Value::Null),
        ("members", json!([])),
        ("joinrequests", json!([])),
    ] {
        private[member] = value;
    }
    let imported = import(&here, &seed_with(&[group(), private])).done();
    assert_eq!(imported, report_with_groups("", [5, 0], [5, 0], [7, 0], [2, 0]));
    let output = here.run(["export", "all.json"]).done();
    assert_eq!(
        output,
        "institutions: 5\nresearch fields: 5\naccounts: 7\nworking groups: 2\n\
         all.json contains addresses and password hashes; keep it private.\n"
    );
    assert_eq!(here.mode("all.json"), 0o600);
    let exported = std::fs::read_to_string(here.path("all.json")).expect("a file");
    for part in [
        "\"representative\":\"seed.verified@example.org\",\"members\":[\"seed.oldhash@example.org\"]",
        "\"timestamp\":\"2021-08-08T17:22:56.500000+00:00\",\"status\":\"declined\"}",
        "\"name\":\"ETH Zürich\"",
    ] {
        assert!(exported.contains(part), "{part}: {exported}");
    }
    assert!(!exported.contains("tidal-Basin-310"), "a password is exported");

    there.write("all.json", &exported);
    assert_eq!(
        there.run(["import", "all.json"]).done(),
        report_with_groups("", [5, 0], [5, 0], [7, 0], [2, 0])
    );
    there.run(["export", "again.json"]).done();
    assert_eq!(std::fs::read_to_string(there.path("again.json")).expect("a file"), exported);
    assert_eq!(
        there.run(["import", "again.json"]).done(),
        report_with_groups("", [0, 5], [0, 5], [0, 7], [0, 2])
    );
}

#[tokio::test]
async fn a_password_that_activation_will_end_is_not_exported() {
    let site = Site::with_settings("[mail]\ntransport = \"file\"\n");
    let server = site.serve();
    assert_done(&server.mutate(&register("ada@example.org", PASSWORD)).await);
    let export = |file: &str| {
        site.run(["export", file]).done();
        let exported = std::fs::read_to_string(site.path(file)).expect("a file");
        serde_json::from_str::<Value>(&exported).expect("JSON")["users"][0]["password"].take()
    };
    assert_ne!(export("before.json"), "");
    let refused = server.mutate(&request_reset("ada@example.org")).await;
    assert_refused(&refused, "email", "not_verified");
    assert_eq!(export("after.json"), "");
}

#[test]
fn an_empty_database_is_exported_and_no_file_is_overwritten() {
    let site = Site::empty();
    let sentence = site.run(["export", "all.json"]).refused(1);
    assert!(sentence.contains("there is no database"), "{sentence}");
    assert_eq!(site.names(), [] as [&str; 0]);
    site.run(["migrate"]).done();
    site.run(["export", "all.json"]).done();
    let again = site.run(["export", "all.json"]).refused(1);
    assert!(again.contains("all.json already exists"), "{again}");
    assert_eq!(site.run(["import", "all.json"]).done(), report("", [0, 0], [0, 0], [0, 0]));
    let nowhere = site.run(["export", "no/folder.json"]).refused(1);
    assert!(nowhere.contains("no/folder.json cannot be written"), "{nowhere}");
    assert!(!site.names().iter().any(|name| name.contains("tmp")), "{:?}", site.names());
}

#[test]
fn an_import_does_not_change_an_existing_group() {
    let site = Site::empty();
    import(&site, &seed_with(&[group()])).done();
    let mut changed = group();
    changed["name"] = json!("Winds");
    changed["representative"] = json!("seed.oldhash@example.org");
    changed["members"] = json!([]);
    let output = import(&site, &seed_with(&[changed])).done();
    assert_eq!(output, report_with_groups("", [0, 5], [0, 5], [0, 7], [0, 1]));
    site.run(["export", "all.json"]).done();
    let exported = std::fs::read_to_string(site.path("all.json")).expect("a file");
    assert!(exported.contains("Tidal energy") && !exported.contains("Winds"));
}

#[test]
fn an_invalid_group_stops_the_import() {
    let site = Site::empty();
    import(&site, &seed_with(&[group()])).done();
    site.run(["export", "before.json"]).done();
    let other = "99999999-1c2d-4e3f-8a4b-5c6d7e8f9a0b";
    for (member, value, part) in [
        (
            "name",
            json!("Tidal energy"),
            "workinggroups[0].name: the institution has another working group of this name",
        ),
        ("institution", json!(other), "workinggroups[0].institution: no institution has this id"),
        ("researchfield", json!(99), "workinggroups[0].researchfield: no research field has this id"),
        (
            "representative",
            json!("seed.oldhash@example.org"),
            "workinggroups[0].representative: \"seed.oldhash@example.org\" has a working group already",
        ),
        (
            "members",
            json!(["ghost@example.org"]),
            "workinggroups[0].members: no account has \"ghost@example.org\"",
        ),
        (
            "joinrequests",
            json!([{ "id": "22222222-1c2d-4e3f-8a4b-5c6d7e8f9a0b", "user": "seed.verified@example.org" }]),
            "workinggroups[0].joinrequests[0]: there is a request with this id",
        ),
    ] {
        let mut new = json!({ "id": other, "name": "Winds", "institution": "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01",
            "researchfield": 1 });
        new[member] = value;
        let sentence =
            import(&site, &json!({ "users": [user("eve@example.org", "eve")], "workinggroups": [new] }))
                .refused(1);
        assert!(sentence.contains(part), "{part}: {sentence}");
    }
    site.run(["export", "after.json"]).done();
    let read = |name| std::fs::read_to_string(site.path(name)).expect("a file");
    assert_eq!(read("before.json"), read("after.json"));
}

#[test]
fn the_bundled_research_fields_are_imported_once() {
    let site = Site::empty();
    let bundled = ["import", "--bundled", "research-fields"];
    assert_eq!(site.run(bundled).done(), report("", [0, 0], [42, 0], [0, 0]));
    assert_eq!(site.run(bundled).done(), report("", [0, 0], [0, 42], [0, 0]));
    site.run(["export", "all.json"]).done();
    let exported = std::fs::read_to_string(site.path("all.json")).expect("a file");
    assert!(exported.contains(
        "{\"id\":207,\"field\":\"Engineering and technology\",\"subfield\":\"Environmental engineering\"}"
    ));

    let other = Site::empty();
    other.write("seed.json", SEED);
    other.run(["import", "seed.json"]).done();
    assert_eq!(
        other.run(bundled).done(),
        report("", [0, 0], [38, 0], [0, 0]),
        "four are there by another number"
    );
    let neither = other.run(["import"]);
    assert_eq!(neither.status, Some(2));
    let both = other.run(["import", "--bundled", "research-fields", "seed.json"]);
    assert_eq!(both.status, Some(2));
}
