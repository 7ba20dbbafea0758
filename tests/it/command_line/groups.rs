//! `group`: what an operator does to working groups.

use serde_json::{Value, json};

use crate::program::Site;

const GROUP: &str = "7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b11";

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
fn an_operator_gives_a_group_somebody_who_speaks_for_it() {
    let site = site();
    assert_eq!(representatives(&site), [json!(null), json!(2)]);
    let list = site.run(["group", "list"]).done();
    assert!(list.lines().any(|line| line == format!("{GROUP}  nobody  Left alone")), "{list}");

    let give = |account: &str| site.run(["group", "set-representative", GROUP, account]);
    assert_eq!(give("ada").done(), "ada@example.org represents the group\n");
    assert_eq!(give("1").done(), "ada@example.org represents the group already\n");
    assert_eq!(give("cleo@example.org").done(), "cleo@example.org represents the group\n");
    assert_eq!(representatives(&site), [json!(3), json!(2)]);
    let ada: Value = serde_json::from_str(&site.run(["user", "show", "ada", "--json"]).done()).expect("JSON");
    assert_eq!((&ada["working_group"], &ada["represents_working_group"]), (&json!(GROUP), &json!(false)));
    let mails: Vec<Value> = serde_json::from_str(&site.run(["mail", "list", "--json"]).done()).expect("JSON");
    assert_eq!(mails.len(), 2, "{mails:?}");
}

#[test]
fn who_could_not_speak_for_a_group_is_refused() {
    let site = site();
    site.run(["user", "deactivate", "cleo"]).done();
    for (group, account, complaint) in [
        (GROUP, "bo", "is in another working group"),
        (GROUP, "cleo", "must have a verified, active account"),
        (GROUP, "dora", "no account has the address, username or number \"dora\""),
        ("7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b12", "ada", "no working group has the id"),
        ("Left alone", "ada", "no working group has the id \"Left alone\"; `group list` shows all"),
    ] {
        let refused = site.run(["group", "set-representative", group, account]).refused(1);
        assert!(refused.starts_with("nothing was changed: ") && refused.contains(complaint), "{refused}");
    }
    assert_eq!(representatives(&site), [json!(null), json!(2)]);
}
