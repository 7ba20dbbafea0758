//! `import-django` and `export --django` with written dumps. `transfer::django` uses the original.

mod conflicts;
mod tokens;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::MAIL_TO_FILES;
use crate::support::program::{Outcome, Site};

/// A hash of "tidal-Basin-310", and of "granite-Owl-27".
const HASH: &str = "pbkdf2_sha256$216000$k3Yq0ZtVbN1s$Yyd2GICMjI5S5THVcHu+fnmP3XQJVI8kvIEHfHzbj3I=";
const PASSWORD: &str = "tidal-Basin-310";
const INSTITUTION: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
const TIDES: &str = "11111111-0000-4000-8000-000000000001";
const REQUEST: &str = "22222222-0000-4000-8000-000000000001";

/// Changes the fields of an object.
fn with(mut object: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("{fields} are not fields") };
    object["fields"].as_object_mut().expect("an object").extend(fields);
    object
}

fn user(key: u32, name: &str) -> Value {
    json!({ "model": "people.customuser", "pk": key, "fields": {
        "password": HASH, "last_login": null, "is_superuser": false, "is_staff": false, "is_active": true,
        "date_joined": format!("2021-08-08T17:22:{:02}.123Z", key % 60), "email": format!("{name}@example.org"),
        "username": name, "first_name": "", "last_name": "", "academic_title": "", "working_group": null,
        "is_representative": false, "groups": [], "user_permissions": [],
    } })
}

fn status(user: u32) -> Value {
    json!({ "model": "graphql_auth.userstatus", "pk": user, "fields": {
        "user": user, "verified": true, "archived": false, "secondary_email": null,
    } })
}

fn group(representative: u32) -> Value {
    json!({ "model": "people.workinggroup", "pk": TIDES, "fields": {
        "name": "Tides", "institution": INSTITUTION, "representative": representative, "n_employees": 7, "field": 3,
        "is_public": true,
    } })
}

fn request(user: u32) -> Value {
    json!({ "model": "people.workinggroupjoinrequest", "pk": REQUEST, "fields": {
        "user": user, "working_group": TIDES, "timestamp": "2021-09-01T08:00:00.5Z", "status": "Pending",
    } })
}

fn places() -> [Value; 2] {
    [
        json!({ "model": "people.institution", "pk": INSTITUTION, "fields": {
            "name": "ETH Zürich", "city": "Zürich", "state": null, "country": "Switzerland",
        } }),
        json!({ "model": "people.researchfield", "pk": 3, "fields": {
            "field": "Natural Sciences", "subfield": "Physical sciences",
        } }),
    ]
}

/// A group of Ada, whom Bo has asked.
fn site_of_ada() -> Vec<Value> {
    let ada = with(user(4, "ada"), json!({ "working_group": TIDES, "is_representative": true }));
    let [institution, field] = places();
    vec![institution, field, ada, user(9, "bo"), status(4), status(9), group(4), request(9)]
}

fn write(site: &Site, objects: &[Value]) {
    site.write("dump.json", json!(objects).to_string());
}

fn import(site: &Site, objects: &[Value], arguments: &[&str]) -> Outcome {
    write(site, objects);
    site.run([&["import-django", "dump.json"], arguments].concat())
}

/// Returns what an import added: accounts, institutions, research fields, groups, join requests and sessions.
fn added(output: &str) -> Vec<u32> {
    let added = output.split("Imported:\n").nth(1).unwrap_or_else(|| panic!("{output}"));
    let count = |line: &str| line.strip_prefix("  ")?.rsplit_once(' ')?.1.parse().ok();
    added.lines().map_while(count).collect()
}

/// Returns the objects of an export.
fn export(site: &Site) -> Vec<Value> {
    let name = format!("export-{}.json", site.names().len());
    site.run(["export", "--django", &name]).done();
    let json = std::fs::read_to_string(site.path(&name)).expect("an export");
    serde_json::from_str(&json).expect("JSON")
}

fn keys(objects: &[Value], model: &str) -> Vec<Value> {
    objects.iter().filter(|object| object["model"] == model).map(|object| object["pk"].clone()).collect()
}

#[test]
fn a_site_is_imported_once_and_exported_as_it_was() {
    let site = Site::empty();
    assert_eq!(added(&import(&site, &site_of_ada(), &[]).done()), [2, 1, 1, 1, 1, 0]);
    let repeated = import(&site, &site_of_ada(), &[]).done();
    assert_eq!(added(&repeated), [0, 0, 0, 0, 0, 0]);
    assert!(repeated.contains("imported before, and are unchanged: 2\n"), "{repeated}");
    let exported = export(&site);
    assert_eq!(exported.len(), 8);
    for object in site_of_ada() {
        let same =
            exported.iter().find(|other| other["model"] == object["model"] && other["pk"] == object["pk"]);
        if object["model"] != "graphql_auth.userstatus" && object["model"] != "people.workinggroupjoinrequest"
        {
            assert_eq!(same, Some(&object));
        }
    }
    let requests: Vec<_> = exported.iter().filter(|object| object["pk"] == REQUEST).collect();
    assert_eq!(requests[0]["fields"]["timestamp"], "2021-09-01T08:00:00.500Z");
    assert_eq!(keys(&exported, "graphql_auth.userstatus").len(), 2);
}

#[tokio::test]
async fn an_imported_account_logs_in_and_keeps_its_id() {
    let site = Site::with_settings(MAIL_TO_FILES);
    import(&site, &site_of_ada(), &[]).done();
    let server = site.serve();
    let token = server.log_in("ada@example.org", PASSWORD).await;
    let query = "{ me { id pk username isRepresentative workingGroup { name representative { email } } } }";
    let me = server.query(Some(&token), query).await["me"].take();
    assert_eq!(me["pk"], 4);
    assert_eq!(me["id"], "VXNlck5vZGU6NA==");
    assert_eq!(me["isRepresentative"], true);
    assert_eq!(me["workingGroup"]["representative"]["email"], "ada@example.org");
}

#[test]
fn a_later_import_adds_only_what_is_new() {
    let site = Site::empty();
    import(&site, &site_of_ada(), &[]).done();
    site.run(["user", "delete", "bo", "--yes"]).done();
    let mut later = site_of_ada();
    later.push(with(user(11, "cleo"), json!({ "working_group": TIDES })));
    later.push(status(11));
    let output = import(&site, &later, &[]).done();
    assert_eq!(added(&output), [1, 0, 0, 0, 0, 0]);
    assert!(output.contains("imported before, and are deleted here: 1\n"), "{output}");
    let exported = export(&site);
    assert_eq!(keys(&exported, "people.customuser"), [4, 11]);
    let cleo = exported.iter().find(|object| object["fields"]["username"] == "cleo");
    assert_eq!(cleo.expect("Cleo")["fields"]["working_group"], TIDES);
    assert!(keys(&exported, "people.workinggroupjoinrequest").is_empty());
}

#[test]
fn keys_that_are_taken_here_give_way_and_return_in_an_export() {
    let site = Site::empty();
    site.run(["migrate"]).done();
    site.run(["user", "create", "--email", "first@example.org", "--verified", "--no-password"]).done();
    import(&site, &[user(1, "ada"), user(3, "bo")], &[]).done();
    let ids = site.run(["user", "list", "--json"]).done();
    let ids: Vec<Value> = serde_json::from_str::<Vec<Value>>(&ids)
        .expect("JSON")
        .into_iter()
        .map(|account| json!([account["id"], account["email"]]))
        .collect();
    let expected = json!([[1, "first@example.org"], [3, "bo@example.org"], [4, "ada@example.org"]]);
    assert_eq!(json!(ids), expected);
    let exported = export(&site);
    let users = exported.iter().filter(|object| object["model"] == "people.customuser");
    let keys: Vec<Value> = users.map(|user| json!([user["pk"], user["fields"]["email"]])).collect();
    let expected = json!([[5, "first@example.org"], [3, "bo@example.org"], [1, "ada@example.org"]]);
    assert_eq!(json!(keys), expected);
}

#[test]
fn a_compressed_dump_is_imported() {
    let site = Site::empty();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json!(site_of_ada()).to_string().as_bytes()).expect("memory");
    site.write("dump.json.gz", encoder.finish().expect("memory"));
    assert_eq!(added(&site.run(["import-django", "dump.json.gz"]).done()), [2, 1, 1, 1, 1, 0]);
}

#[test]
fn a_dry_run_keeps_nothing() {
    let site = Site::empty();
    write(&site, &site_of_ada());
    let output = site.run(["import-django", "dump.json", "--dry-run"]).done();
    assert!(
        output.contains("Dry run: nothing was changed. An import would add:\n  accounts: 2\n"),
        "{output}"
    );
    assert!(output.contains("Users: 2\n  password hash pbkdf2_sha256: 2\n"), "{output}");
    if site.database().url().is_none() {
        assert_eq!(site.names(), ["dump.json"]);
    }
    assert_eq!(added(&import(&site, &site_of_ada(), &[]).done()), [2, 1, 1, 1, 1, 0]);
    // The dry run assigned no ids.
    assert!(site.run(["user", "show", "4"]).done().contains("ada@example.org"));
}

#[test]
fn uuid_keys_return_in_an_export() {
    let site = Site::empty();
    let key = "33333333-0000-4000-8000-000000000001";
    let mut ada = user(1, "ada");
    ada["pk"] = json!(key);
    ada["fields"].as_object_mut().expect("an object").remove("username");
    import(&site, &[ada.clone()], &[]).done();
    let exported = export(&site);
    assert_eq!(exported.iter().find(|object| object["pk"] == key), Some(&ada));
    assert!(site.run(["user", "show", "1"]).done().contains("ada@example.org"));
}

#[test]
fn a_site_of_this_program_is_exported_for_wepledge() {
    let site = Site::empty();
    site.write("seed.json", crate::support::SEED);
    site.run(["import", "seed.json"]).done();
    let exported = export(&site);
    assert_eq!(keys(&exported, "emissions.institution").len(), 5);
    let users = keys(&exported, "emissions.customuser");
    assert_eq!(users.len(), 7);
    let is_uuid = |key: &Value| key.as_str().is_some_and(|key| key.len() == 36);
    assert!(users.iter().all(is_uuid), "{users:?}");
    assert_eq!(users, keys(&export(&site), "emissions.customuser"));
}

#[test]
fn a_group_without_representative_is_not_exported() {
    let site = Site::empty();
    let mut objects = site_of_ada();
    objects[6]["fields"]["representative"] = Value::Null;
    objects[2]["fields"]["is_representative"] = json!(false);
    import(&site, &objects, &["--on-conflict", "skip"]).done();
    let sentence = site.run(["export", "--django", "export.json"]).refused(1);
    assert!(sentence.contains("`group set-representative`") && sentence.contains(TIDES), "{sentence}");
    assert!(!site.path("export.json").exists());
}

#[test]
fn an_import_beside_a_server_is_refused() {
    let site = Site::with_settings(MAIL_TO_FILES);
    let server = site.serve();
    write(&site, &site_of_ada());
    let sentence = site.run(["import-django", "dump.json"]).refused(1);
    assert!(sentence.contains("stop it first") || sentence.contains("end them first"), "{sentence}");
    assert_eq!(server.terminate().status, Some(0));
}

#[test]
fn invalid_values_are_listed_and_nothing_is_imported() {
    let site = Site::empty();
    let ada = with(
        user(4, "ada"),
        json!({ "is_active": "yes", "date_joined": "yesterday", "working_group": ["Tides"] }),
    );
    let outcome = import(&site, &[ada, user(9, "bo"), user(9, "bo")], &[]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (Some(1), ""));
    for line in [
        "  people.customuser 4.is_active: It must be true or false.",
        "  people.customuser 4.date_joined: It must be a time in UTC since 1970, such as 2021-08-08T17:22:56.123Z.",
        "  people.customuser 4.working_group: It is a natural key. Make the dump without --natural-foreign.",
        "  people.customuser 9: It occurs twice.",
    ] {
        assert!(outcome.stderr.lines().any(|other| other == line), "{line} in {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("pbkdf2"), "{}", outcome.stderr);
    assert!(!site.path("data/auth.sqlite3").exists());
}

#[test]
fn a_file_that_is_not_a_dump_is_refused_in_one_sentence() {
    let site = Site::empty();
    site.write("text", "SECRET_KEY = 'tidal'");
    assert!(
        site.run(["import-django", "text"]).refused(1).contains("is not the JSON of `manage.py dumpdata`")
    );
    site.write("cut.json", &json!(site_of_ada()).to_string()[..900]);
    assert!(site.run(["import-django", "cut.json"]).refused(1).contains("make the file again"));
    site.write("empty.json", "[]");
    let empty = site.run(["import-django", "empty.json"]);
    assert_eq!(empty.status, Some(1));
    assert!(empty.stderr.contains("the site contains no users"), "{}", empty.stderr);
    assert!(site.run(["import-django", "missing.json"]).refused(1).contains("missing.json cannot be read"));
    assert_eq!(site.run(["import-django", "text", "--on-conflict", "guess"]).status, Some(2));
}
