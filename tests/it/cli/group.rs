//! `group`: commands for working groups.

use serde_json::{Value, json};

use crate::support::program::Site;

const GROUP: &str = "7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b11";

const UNIVERSITY: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
const HOSPITAL: &str = "3f8b1d2c-7e60-4c35-a9d4-0b5c6e7f8a04";

/// A group without a representative, one with a representative, and three accounts.
fn site() -> Site {
    let site = Site::with_settings("[mail]\ntransport = \"file\"\n");
    let user = |name: &str| json!({ "email": format!("{name}@example.org"), "username": name, "password": "!", "status": { "verified": true } });
    let group = |id: &str, name: &str| json!({ "id": id, "name": name, "institution": null, "researchfield": 101, "n_employees": 3, "is_public": true });
    let mut lost = group(GROUP, "Left alone");
    lost["members"] = json!(["ada@example.org"]);
    let mut led = group("0d0fa1f3-96f4-4a86-a6d7-4a3d6a6c0d22", "Well led");
    led["representative"] = json!("bo@example.org");
    let file = json!({
        "researchfields": [{ "id": 101, "field": "Natural sciences", "subfield": "Mathematics" }],
        "users": [user("ada"), user("bo"), user("cleo")],
        "workinggroups": [lost, led],
    });
    site.write("file.json", file.to_string());
    site.run(["import", "file.json"]).done();
    site
}

fn representatives(site: &Site) -> Vec<Value> {
    let listed = site.run(["group", "list", "--json"]).done();
    let listed: Vec<Value> = serde_json::from_str(&listed).expect("JSON");
    listed.iter().map(|group| group["representative"].clone()).collect()
}

#[test]
fn an_operator_sets_the_representative_of_a_group() {
    let site = site();
    assert_eq!(representatives(&site), [json!(null), json!(2)]);
    let list = site.run(["group", "list"]).done();
    assert!(list.lines().any(|line| line == format!("{GROUP}  nobody  Left alone")), "{list}");

    let give = |account: &str| site.run(["group", "set-representative", GROUP, account]);
    assert_eq!(give("ada").done(), "ada@example.org represents the group\n");
    assert_eq!(give("1").done(), "ada@example.org already represents the group\n");
    assert_eq!(give("cleo@example.org").done(), "cleo@example.org represents the group\n");
    assert_eq!(representatives(&site), [json!(3), json!(2)]);
    let ada: Value = serde_json::from_str(&site.run(["user", "show", "ada", "--json"]).done()).expect("JSON");
    assert_eq!((&ada["working_group"], &ada["represents_working_group"]), (&json!(GROUP), &json!(false)));
    let mails: Vec<Value> = serde_json::from_str(&site.run(["mail", "list", "--json"]).done()).expect("JSON");
    assert_eq!(mails.len(), 2, "{mails:?}");
}

#[test]
fn an_account_that_cannot_represent_a_group_is_refused() {
    let site = site();
    site.run(["user", "deactivate", "cleo"]).done();
    for (group, account, message) in [
        (GROUP, "bo", "is in another working group"),
        (GROUP, "cleo", "must have a verified, active account"),
        (GROUP, "dora", "no account has the address, username or id \"dora\""),
        ("7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b12", "ada", "no working group has the id"),
        ("Left alone", "ada", "no working group has the id \"Left alone\"; `group list` shows all"),
    ] {
        let refused = site.run(["group", "set-representative", group, account]).refused(1);
        assert!(refused.starts_with("nothing was changed: ") && refused.contains(message), "{refused}");
    }
    assert_eq!(representatives(&site), [json!(null), json!(2)]);
}

/// The accounts of `site`, two institutions, two research fields and no groups.
fn site_without_groups() -> Site {
    let site = Site::with_settings("[mail]\ntransport = \"file\"\n");
    let user = |name: &str| json!({ "email": format!("{name}@example.org"), "username": name, "password": "!", "status": { "verified": true } });
    let institution =
        |id: &str, name: &str| json!({ "id": id, "name": name, "city": "Heidelberg", "country": "Germany" });
    let field = |id: i32, name: &str| json!({ "id": id, "field": "Natural sciences", "subfield": name });
    let file = json!({
        "institutions": [institution(UNIVERSITY, "Universität Heidelberg"), institution(HOSPITAL, "University Hospital")],
        "researchfields": [field(101, "Mathematics"), field(103, "Physical sciences")],
        "users": [user("ada"), user("bo"), user("cleo")],
    });
    site.write("file.json", file.to_string());
    site.run(["import", "file.json"]).done();
    site
}

fn create<'a>(name: &'a str, institution: &'a str, field: &'a str, account: &'a str) -> Vec<&'a str> {
    let options = ["--institution", institution, "--field", field, "--representative", account];
    [&["group", "create", name][..], &options].concat()
}

fn listed(site: &Site, what: &str) -> Vec<Value> {
    serde_json::from_str(&site.run([what, "list", "--json"]).done()).expect("JSON")
}

fn events(site: &Site) -> Vec<String> {
    let entries = listed(site, "audit");
    let is_change = |entry: &&Value| entry["event"] != "imported" && entry["event"] != "mail_shown";
    let words = entries.iter().filter(is_change).map(|entry| {
        format!("{} {} {}", entry["account"], entry["event"].as_str().expect("a name"), entry["by"])
    });
    words.collect()
}

#[test]
fn the_representative_is_notified_when_an_operator_creates_a_group() {
    let site = site_without_groups();
    let made = create("Tidal energy", "universitat heidelberg", "mathe", "ada");
    let made = site.run([&made[..], &["--employees", "7", "--public"]].concat()).done();
    let group = listed(&site, "group").remove(0);
    let id = group["id"].as_str().expect("an id");
    assert_eq!(
        made,
        format!("working group created: {id}  ada@example.org  Tidal energy  Universität Heidelberg\n")
    );
    assert_eq!(
        group,
        json!({ "id": id, "name": "Tidal energy", "institution": UNIVERSITY, "is_public": true, "representative": 1 })
    );
    let mails = listed(&site, "mail");
    assert_eq!((mails.len(), &mails[0]["recipient"]), (1, &json!("ada@example.org")));
    let mail = site.run(["mail", "show", "1"]).done();
    assert!(mail.contains("You are now the representative of your working group."), "{mail}");
    assert_eq!(events(&site), ["1 group_created \"operator\""]);

    // The same name at another institution, given by ids and without options.
    site.run(create("Tidal energy", HOSPITAL, "103", "bo")).done();
    let groups = listed(&site, "group");
    assert_eq!((&groups[1]["institution"], &groups[1]["is_public"]), (&json!(HOSPITAL), &json!(false)));
    site.run(["export", "all.json"]).done();
    let all: Value =
        serde_json::from_str(&std::fs::read_to_string(site.path("all.json")).expect("a file")).expect("JSON");
    let numbers: Vec<_> = [0, 1]
        .map(|at| [&all["workinggroups"][at]["n_employees"], &all["workinggroups"][at]["researchfield"]])
        .to_vec();
    assert_eq!(numbers, [[&json!(7), &json!(101)], [&Value::Null, &json!(103)]]);
}

#[test]
fn an_invalid_group_of_an_operator_changes_nothing() {
    let site = site_without_groups();
    site.run(create("Tidal energy", UNIVERSITY, "101", "ada")).done();
    site.run(["user", "create", "--email", "new@example.org"]).done();
    let before = (listed(&site, "group").len(), listed(&site, "mail").len(), listed(&site, "audit").len());
    for (name, institution, field, account, message) in [
        ("Tidal energy", UNIVERSITY, "101", "bo", "it already exists"),
        (" ", UNIVERSITY, "101", "bo", "has 1 to 200 characters"),
        ("Wind", "Oslo", "101", "bo", "no institution has \"Oslo\" in its name and place"),
        ("Wind", " ", "101", "bo", "no institution has \" \" in its name and place"),
        ("Wind", GROUP, "101", "bo", "Institution not found."),
        ("Wind", UNIVERSITY, "7", "bo", "Research field is invalid."),
        ("Wind", UNIVERSITY, "", "bo", "no research field has \"\" in its name"),
        ("Wind", UNIVERSITY, "alchemy", "bo", "no research field has \"alchemy\" in its name"),
        (
            "Wind",
            UNIVERSITY,
            "natural",
            "bo",
            "give the id of one: 101 (Mathematics), 103 (Physical sciences)",
        ),
        ("Wind", UNIVERSITY, "101", "ada", "is in another working group"),
        ("Wind", UNIVERSITY, "101", "new@example.org", "must have a verified, active account"),
        ("Wind", UNIVERSITY, "101", "dora", "no account has the address, username or id \"dora\""),
    ] {
        let refused = site.run(create(name, institution, field, account)).refused(1);
        assert!(
            refused.starts_with("no working group was created: ") && refused.contains(message),
            "{refused}"
        );
    }
    let several = site.run(create("Wind", "heidelberg", "101", "bo")).refused(1);
    for part in [UNIVERSITY, HOSPITAL, "(Universität Heidelberg, Heidelberg)", "give the id of one"] {
        assert!(several.contains(part), "{part}: {several}");
    }
    let negative = [&create("Wind", UNIVERSITY, "101", "bo")[..], &["--employees=-1"]].concat();
    assert_eq!(site.run(negative).status, Some(2));
    assert_eq!(
        (listed(&site, "group").len(), listed(&site, "mail").len(), listed(&site, "audit").len()),
        before
    );
}

#[test]
fn members_are_notified_when_an_operator_deletes_their_group() {
    let site = site();
    site.run(["group", "set-representative", GROUP, "cleo"]).done();
    let (mails, before) = (listed(&site, "mail").len(), events(&site).len());
    let refused = site.run(["group", "delete", GROUP]).refused(1);
    assert!(
        refused.contains("there is no terminal to ask for confirmation; confirm with --yes"),
        "{refused}"
    );
    assert_eq!(listed(&site, "group").len(), 2);

    let deleted = site.run(["group", "delete", "7D5A33", "--yes"]).done();
    assert_eq!(deleted, format!("working group {GROUP} (Left alone) deleted\n"));
    assert_eq!(listed(&site, "group").len(), 1);
    let notices = &listed(&site, "mail")[mails..];
    let recipients: Vec<_> =
        notices.iter().map(|mail| mail["recipient"].as_str().expect("an address")).collect();
    assert_eq!(recipients, ["ada@example.org", "cleo@example.org"]);
    let mail = site.run(["mail", "show", &(mails + 1).to_string()]).done();
    assert!(mail.contains("Your working group was deleted by an operator."), "{mail}");
    assert_eq!(events(&site)[before..], ["1 group_deleted \"operator\"", "3 group_deleted \"operator\""]);
    let ada: Value = serde_json::from_str(&site.run(["user", "show", "ada", "--json"]).done()).expect("JSON");
    assert_eq!(ada["working_group"], Value::Null);
    let gone = site.run(["group", "delete", GROUP, "--yes"]).refused(1);
    assert!(gone.contains("no working group has the id"), "{gone}");
}

#[test]
fn at_a_terminal_a_group_is_deleted_only_after_confirmation() {
    let site = site();
    let delete = ["group", "delete", "7d5a"];
    let Some(declined) = site.run_at_a_terminal("no\n", &delete) else { return };
    let question = format!("Delete the working group {GROUP} (Left alone)? Members: 1. [y/N] ");
    assert!(
        declined.stdout.contains(&question) && declined.stdout.contains("nothing was changed"),
        "{declined:?}"
    );
    assert_eq!((declined.status, listed(&site, "group").len()), (Some(1), 2));
    let deleted = site.run_at_a_terminal("yes\n", &delete).expect("as before");
    assert_eq!((deleted.status, listed(&site, "group").len()), (Some(0), 1), "{deleted:?}");
}

#[test]
fn the_deletion_of_a_group_without_members_is_recorded() {
    let site = site();
    site.run(["user", "delete", "ada", "--yes"]).done();
    let before = events(&site).len();
    site.run(["group", "delete", GROUP, "--yes"]).done();
    assert_eq!(events(&site)[before..], ["null group_deleted \"operator\""]);
}

#[test]
fn a_group_is_named_by_an_unambiguous_prefix_of_its_id() {
    let site = site();
    let mut file: Value =
        serde_json::from_str(&std::fs::read_to_string(site.path("file.json")).expect("a file"))
            .expect("JSON");
    file["workinggroups"][1]["id"] = json!("7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b12");
    file["workinggroups"][1]["name"] = json!("Next\nto it");
    file["workinggroups"][1]["representative"] = Value::Null;
    site.write("more.json", file.to_string());
    site.run(["import", "more.json"]).done();
    let give = |group: &str| site.run(["group", "set-representative", group, "ada"]);
    let ambiguous = give("7d5a").refused(1);
    assert_eq!(
        ambiguous,
        format!(
            "nothing was changed: the ids of several working groups begin with \"7d5a\": {GROUP} (Left alone), \
             7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b12 (Next to it)"
        )
    );
    for (group, message) in [
        ("7d5", "give at least 4 characters of the id"),
        ("", "give at least 4 characters of the id"),
        ("7d5b", "no working group has the id \"7d5b\""),
        ("____", "no working group has the id \"____\""),
        ("%%%%%", "no working group has the id \"%%%%%\""),
    ] {
        let refused = give(group).refused(1);
        assert!(refused.contains(message), "{refused}");
    }
    let whole = GROUP.replace('-', "");
    for group in [&GROUP[..36], &GROUP.to_uppercase(), &whole] {
        assert!(give(group).done().ends_with("represents the group\n"), "{group}");
    }
    assert!(site.run(["group", "set-representative", "0d0f", "bo"]).done().contains(" already "));
}
