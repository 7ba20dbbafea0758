use serde_json::{Value, json};

use super::{
    HASH, TIDES, added, export, group, import, keys, places, request, site_of_ada, status, user, with,
};
use crate::support::program::Site;

/// Returns the lines of an outcome about conflicts.
fn conflicts(output: &str) -> Vec<&str> {
    output
        .lines()
        .skip_while(|line| !line.starts_with("Conflicts: "))
        .take_while(|line| *line != "Imported:")
        .collect()
}

/// Imports objects, which conflict. Returns the lines about conflicts after nothing was imported.
fn refused(objects: &[Value]) -> Vec<String> {
    let site = Site::empty();
    let outcome = import(&site, objects, &[]);
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("nothing was imported, because of conflicts."), "{}", outcome.stderr);
    assert_eq!(site.run(["user", "list"]).done(), "There are no accounts.\n");
    conflicts(&outcome.stdout).iter().map(ToString::to_string).collect()
}

#[test]
fn addresses_that_differ_in_case_are_one() {
    let ada = with(user(9, "ADA"), json!({ "email": "Ada@example.org" }));
    let objects = [user(4, "ada"), ada, status(9)];
    assert_eq!(
        refused(&objects),
        [
            "Conflicts: 1",
            "  people.customuser 4: its e-mail address is that of user 9, or another spelling of it",
            "    --on-conflict rename or skip: the user is left out",
        ]
    );
    let site = Site::empty();
    assert_eq!(added(&import(&site, &objects, &["--on-conflict", "skip"]).done())[0], 1);
    // The verified one stays.
    assert_eq!(keys(&export(&site), "people.customuser"), [9]);
}

#[test]
fn usernames_that_occur_twice_are_changed_or_left_out() {
    let objects = [user(4, "ada"), with(user(9, "bo"), json!({ "username": "ada" }))];
    let lines = refused(&objects);
    assert_eq!(lines[1], "  people.customuser 9: its username is that of user 4");
    let usernames = |on_conflict| {
        let site = Site::empty();
        import(&site, &objects, &["--on-conflict", on_conflict]).done();
        let users = export(&site).into_iter().filter(|object| object["model"] == "people.customuser");
        users.map(|user| user["fields"]["username"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(usernames("rename"), ["ada", "ada-9"]);
    assert_eq!(usernames("skip"), ["ada"]);
}

#[test]
fn accounts_that_exist_here_are_kept() {
    let site = Site::empty();
    let other = json!({ "users": [
        { "email": "Bo@Example.org", "username": "robert", "password": HASH },
        { "email": "carl@example.org", "username": "ada", "password": HASH },
        { "email": "dora@example.org", "username": "dora", "password": HASH },
    ] });
    site.write("other.json", other.to_string());
    site.run(["import", "other.json"]).done();
    let dora = with(status(4), json!({ "secondary_email": "dora@example.org" }));
    let objects = [user(4, "ada"), user(9, "bo"), dora];
    let outcome = import(&site, &objects, &[]);
    assert_eq!(outcome.status, Some(1));
    assert_eq!(
        conflicts(&outcome.stdout)[1..],
        [
            "  people.customuser 9: another account here has the e-mail address \"bo@example.org\"",
            "    --on-conflict rename or skip: the user is left out",
            "  people.customuser 4: another account here has the username \"ada\"",
            "    --on-conflict rename: the key is appended to the username, as in \"ada-17\"",
            "    --on-conflict skip: the user is left out",
            "  people.customuser 4: another account here has the secondary e-mail address \"dora@example.org\"",
            "    --on-conflict rename or skip: the secondary address is left out",
        ]
    );
    assert_eq!(added(&import(&site, &objects, &["--on-conflict", "rename"]).done())[0], 1);
    let list = site.run(["user", "list"]).done();
    assert!(list.contains("ada-4") && list.contains("robert") && !list.contains(" bo\n"), "{list}");
}

#[test]
fn groups_need_a_representative_who_is_a_member() {
    let cases = [
        (json!({ "representative": null }), json!({}), "it has no representative"),
        (
            json!({ "representative": 99 }),
            json!({}),
            "its representative, user 99, does not exist or is left out",
        ),
        (
            json!({}),
            json!({ "working_group": null }),
            "its representative, user 4, is a member of no working group",
        ),
    ];
    for (group_fields, user_fields, problem) in cases {
        let mut objects = site_of_ada();
        let is_marked = group_fields.get("representative").is_none();
        objects[6] = with(group(4), group_fields);
        objects[2] = with(with(objects[2].clone(), user_fields), json!({ "is_representative": is_marked }));
        let lines = refused(&objects);
        assert_eq!(lines[1], format!("  people.workinggroup {TIDES}: {problem}"));
    }
}

#[test]
fn references_to_nothing_are_conflicts() {
    let lost = with(user(11, "cleo"), json!({ "working_group": "99999999-0000-4000-8000-000000000001" }));
    let marked = with(user(12, "dora"), json!({ "is_representative": true }));
    let mut objects = vec![lost, marked, status(77), request(4), user(4, "ada")];
    objects.extend(places());
    let lines = refused(&objects);
    for problem in [
        "  people.customuser 77: there is a status of this user, but no such user",
        "  people.workinggroupjoinrequest 22222222-0000-4000-8000-000000000001: its user or its working group does not exist",
        "  people.customuser 11: it is a member of working group 99999999-0000-4000-8000-000000000001, which does not exist",
        "  people.customuser 12: is_representative is true, but it represents no working group",
    ] {
        assert!(lines.iter().any(|line| line == problem), "{problem} in {lines:#?}");
    }
    let site = Site::empty();
    assert_eq!(added(&import(&site, &objects, &["--on-conflict", "skip"]).done()), [3, 1, 1, 0, 0, 0]);
}

#[test]
fn of_repeated_requests_the_newest_is_kept() {
    let mut objects = site_of_ada();
    let mut newer = with(request(9), json!({ "timestamp": "2021-09-02T08:00:00Z" }));
    newer["pk"] = json!("22222222-0000-4000-8000-000000000002");
    objects.push(newer.clone());
    let lines = refused(&objects);
    assert!(lines[1].ends_with(
        "its user has asked the same working group again with request 22222222-0000-4000-8000-000000000002"
    ));
    let site = Site::empty();
    import(&site, &objects, &["--on-conflict", "skip"]).done();
    assert_eq!(keys(&export(&site), "people.workinggroupjoinrequest"), [newer["pk"].clone()]);
}

#[test]
fn a_password_of_an_unknown_algorithm_is_left_out() {
    let objects = [with(user(4, "ada"), json!({ "password": "md5$salt$0123456789abcdef0123456789abcdef" }))];
    let lines = refused(&objects);
    assert!(
        lines[1].starts_with("  people.customuser 4: its password cannot be verified here."),
        "{lines:#?}"
    );
    assert!(!lines.concat().contains("0123456789abcdef"));
    let site = Site::empty();
    import(&site, &objects, &["--on-conflict", "skip"]).done();
    assert_eq!(export(&site).last().expect("Ada")["fields"]["password"], "!");
}

#[test]
fn a_dry_run_lists_conflicts_with_their_resolutions() {
    let site = Site::empty();
    let objects = [user(4, "ada"), with(user(9, "bo"), json!({ "username": "" }))];
    let output = import(&site, &objects, &["--dry-run"]).done();
    assert!(output.contains("  people.customuser 9: it has no username\n"), "{output}");
    assert!(
        output.contains("    --on-conflict rename: the account gets a number as its username\n"),
        "{output}"
    );
    assert!(output.contains("With --on-conflict rename, an import would add:\n  accounts: 2\n"), "{output}");
}

#[test]
fn long_lists_of_conflicts_are_cut() {
    let site = Site::empty();
    let objects: Vec<Value> = (1..=130).map(|key| with(user(key, "ada"), json!({ "email": "" }))).collect();
    let outcome = import(&site, &objects, &[]);
    assert!(outcome.stdout.contains("Conflicts: 130\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("  and 30 more like this\n"), "{}", outcome.stdout);
}

#[test]
fn a_changed_name_that_is_taken_is_changed_again() {
    let site = Site::empty();
    let objects = [
        user(4, "ada"),
        with(user(9, "bo"), json!({ "username": "ada" })),
        with(user(11, "cleo"), json!({ "username": "ada-9" })),
        with(user(12, "dora"), json!({ "username": "" })),
        with(user(13, "eve"), json!({ "username": "12" })),
    ];
    import(&site, &objects, &["--on-conflict", "rename"]).done();
    let users = export(&site).into_iter().filter(|object| object["model"] == "people.customuser");
    let names: Vec<String> =
        users.map(|user| user["fields"]["username"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(names[..3], ["ada", "ada-9", "ada-9-11"]);
    assert!(names[3].starts_with("12-"), "{names:?}");
    assert_eq!(names[4], "12");
}

#[test]
fn a_member_of_another_group_keeps_that_group() {
    let other = "11111111-0000-4000-8000-000000000002";
    let mut objects = site_of_ada();
    let mut rivers = with(group(4), json!({ "name": "Rivers" }));
    rivers["pk"] = json!(other);
    // Ada is a member of the first group, and represents both.
    objects.insert(7, rivers);
    let lines = refused(&objects);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert_eq!(
        lines[1],
        format!(
            "  people.workinggroup {other}: its representative, user 4, belongs to another working group"
        )
    );
}

#[test]
fn a_key_that_belongs_to_another_user_now_is_a_conflict() {
    let site = Site::empty();
    import(&site, &[user(4, "ada")], &[]).done();
    let eve = with(user(4, "eve"), json!({ "date_joined": "2022-01-01T00:00:00Z" }));
    let outcome = import(&site, &[eve.clone(), user(9, "bo")], &[]);
    assert_eq!(
        conflicts(&outcome.stdout)[1],
        "  people.customuser 4: an earlier import brought another user with this key, whose address is now \
         \"ada@example.org\""
    );
    assert_eq!(added(&import(&site, &[eve, user(9, "bo")], &["--on-conflict", "skip"]).done())[0], 1);
}

#[test]
fn a_research_field_with_another_name_here_is_a_conflict() {
    let site = Site::empty();
    import(&site, &site_of_ada(), &[]).done();
    let mut objects = site_of_ada();
    objects[1] = with(objects[1].clone(), json!({ "subfield": "Chemistry" }));
    let outcome = import(&site, &objects, &[]);
    assert_eq!(
        conflicts(&outcome.stdout)[1],
        "  people.researchfield 3: the research field with this id here is \"Natural Sciences: Physical sciences\""
    );
}

#[test]
fn a_changed_name_is_not_longer_than_django_permits() {
    let site = Site::empty();
    let name = "a".repeat(150);
    let objects = [4, 9].map(|key| {
        with(user(key, "ada"), json!({ "username": name, "email": format!("user{key}@example.org") }))
    });
    import(&site, &objects, &["--on-conflict", "rename"]).done();
    let users = export(&site).into_iter().filter(|object| object["model"] == "people.customuser");
    let names: Vec<Value> = users.map(|user| user["fields"]["username"].clone()).collect();
    assert_eq!(names, [name.clone(), format!("{}-9", &name[..148])]);
}
