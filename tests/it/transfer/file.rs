use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::transfer::file::{Fault, parse};
use serde_json::{Value, json};

use crate::support::SEED;

fn faults(json: &str) -> Vec<Fault> {
    parse(json).err().expect("the file has faults")
}

fn paths(file: &Value) -> Vec<String> {
    let faults = faults(&file.to_string());
    faults.into_iter().map(|fault| fault.path).collect()
}

fn user(email: &str, username: &str) -> Value {
    json!({ "email": email, "username": username, "password": "" })
}

#[test]
fn the_seed_of_the_conformance_scenarios_is_valid() {
    let file = parse(SEED).ok().unwrap();
    assert_eq!(file.institutions.len(), 5);
    assert_eq!(file.institutions[2].name, "ETH Zürich");
    assert_eq!(file.institutions[2].state, None);
    assert_eq!(file.research_fields.len(), 5);
    assert_eq!(file.research_fields[4].id, 5);
    assert_eq!(file.users.len(), 7);
    assert_eq!(file.users[0].academic_title, "PROF");
    assert!(file.users[0].password.starts_with("pbkdf2_sha256$216000$"));
    assert!(file.users[0].verified && file.users[0].is_active && !file.users[0].is_staff);
    assert!(!file.users[2].verified);
    assert!(!file.users[3].is_active);
    let secondary = file.users[5].secondary_email.as_deref();
    assert_eq!(secondary, Some("seed.second@example.net"));
}

#[test]
fn omitted_members_have_defaults() {
    let file = parse("{}").ok().unwrap();
    assert!(file.institutions.is_empty() && file.research_fields.is_empty());
    let file = parse(&json!({ "users": [user("ada@example.org", "ada")] }).to_string());
    let ada = file.ok().unwrap().users.remove(0);
    assert!(ada.is_active && !ada.is_staff && !ada.verified && !ada.archived);
    assert_eq!((ada.first_name, ada.academic_title), Default::default());
    assert_eq!((ada.date_joined, ada.secondary_email, ada.language), (None, None, None));
}

#[test]
fn the_path_of_a_fault_is_readable_for_strange_member_names() {
    assert_eq!(paths(&json!({ "": 1 })), ["\"\""]);
    assert_eq!(paths(&json!({ "a\nb\u{1b}[2J": 1 })), ["a b [2J"]);
    assert_eq!(
        paths(&json!({ "users": [{ "email": "a@b.cd", "username": "a", "password": "", "": 1 }] })),
        ["users[0].\"\""]
    );
}

#[test]
fn every_fault_of_a_file_is_reported_with_its_path() {
    let file = json!({
        "institutions": [{ "id": "17", "name": "", "city": 5, "country": "Norway" }, "Oslo"],
        "researchfields": [{ "id": "1", "field": "x".repeat(101), "subfield": "a\0b" }],
        "users": [
            {
                "email": "ada at example.org",
                "password": "md5$x$y",
                "first_name": "x".repeat(151),
                "academic_title": "SIR",
                "language": "German",
                "is_active": "yes",
                "date_joined": "yesterday",
                "status": { "verified": 1, "secondary_email": "nobody" },
            },
            { "username": "x".repeat(151), "email": "", "password": null, "status": [] },
        ],
    });
    let expected = [
        "institutions[0].id",
        "institutions[0].name",
        "institutions[0].city",
        "institutions[1]",
        "researchfields[0].id",
        "researchfields[0].field",
        "researchfields[0].subfield",
        "users[0].email",
        "users[0].username",
        "users[0].password",
        "users[0].first_name",
        "users[0].academic_title",
        "users[0].language",
        "users[0].is_active",
        "users[0].date_joined",
        "users[0].status.verified",
        "users[0].status.secondary_email",
        "users[1].email",
        "users[1].username",
        "users[1].password",
        "users[1].status",
    ];
    assert_eq!(paths(&file), expected);
}

#[test]
fn unknown_members_are_refused_by_name() {
    let mut ada = user("ada@example.org", "ada");
    ada["emial"] = json!("ada@example.org");
    ada["status"] = json!({ "verifed": true });
    let file = json!({ "user": [], "users": [ada] });
    assert_eq!(paths(&file), ["user", "users[0].emial", "users[0].status.verifed"]);
    let problem = &faults(&file.to_string())[0].problem;
    assert!(problem.contains("about, institutions, researchfields, users"), "{problem}");
}

#[test]
fn invalid_json_is_reported_with_line_and_column() {
    let faults = faults("{\n  \"users\": [,]\n}");
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].path, "file");
    assert!(faults[0].problem.contains("line 2 column 13"), "{}", faults[0].problem);
}

#[test]
fn a_file_that_is_not_an_object_is_refused() {
    assert_eq!(paths(&json!([])), ["file"]);
    assert_eq!(paths(&json!({ "users": {} })), ["users"]);
}

#[test]
fn duplicates_are_refused_with_both_paths() {
    let mut bob = user("bob@example.org", "ada");
    bob["status"] = json!({ "secondary_email": "ADA@example.org" });
    let id = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
    let institution = |id: &str| json!({ "id": id, "name": "A", "city": "B", "country": "C" });
    let field = json!({ "id": 1, "field": "A", "subfield": "B" });
    let file = json!({
        "institutions": [institution(id), institution(&id.to_uppercase())],
        "researchfields": [field, field],
        "users": [user("ada@example.org", "ada"), bob, user("Bob@example.org", "bob")],
    });
    let paths_and_problems: Vec<_> =
        faults(&file.to_string()).into_iter().map(|fault| (fault.path, fault.problem)).collect();
    let expected = [
        ("institutions[1].id", "institution id", "institutions[0].id"),
        ("researchfields[1].id", "research field id", "researchfields[0].id"),
        ("users[1].username", "username", "users[0].username"),
        ("users[1].status.secondary_email", "address", "users[0].email"),
        ("users[2].email", "address", "users[1].email"),
    ];
    let expected = expected.map(|(path, kind, first)| {
        let problem = format!("Change this {kind} or that of {first}; they are the same.");
        (path.to_owned(), problem)
    });
    assert_eq!(paths_and_problems, expected);
}

#[test]
fn times_are_accepted_in_utc_only() {
    let joined = |text: &str| {
        let mut ada = user("ada@example.org", "ada");
        ada["date_joined"] = json!(text);
        let file = parse(&json!({ "users": [ada] }).to_string());
        file.ok().and_then(|file| file.users[0].date_joined).map(Timestamp::micros)
    };
    assert_eq!(joined("2021-08-08T17:22:56Z"), Some(1_628_443_376_000_000));
    assert_eq!(joined("2021-08-08T17:22:56.123456+00:00"), Some(1_628_443_376_123_456));
    assert_eq!(joined("2021-08-08T17:22:56+02:00"), None);
    assert_eq!(joined("2021-08-08T17:22:56"), None);
    assert_eq!(joined("1969-12-31T23:59:59Z"), None);
}

#[test]
fn only_supported_hashes_are_accepted_and_none_is_quoted() {
    let problem = |hash: &str| {
        let mut ada = user("ada@example.org", "ada");
        ada["password"] = json!(hash);
        let file = parse(&json!({ "users": [ada] }).to_string());
        file.err().map(|faults| faults[0].problem.clone())
    };
    let digest = "Yyd2GICMjI5S5THVcHu+fnmP3XQJVI8kvIEHfHzbj3I=";
    let argon2 = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzYWx0$\
                  Yyd2GICMjI5S5THVcHu+fnmP3XQJVI8kvIEHfHzbj3I";
    let good = [
        String::new(),
        "!anything".to_owned(),
        format!("pbkdf2_sha256$10000000$salt${digest}"),
        argon2.to_owned(),
        format!("argon2{argon2}"),
    ];
    for hash in good {
        assert_eq!(problem(&hash), None, "{hash}");
    }
    let bad = [
        format!("pbkdf2_sha256$10000001$salt${digest}"),
        format!("pbkdf2_sha256$0$salt${digest}"),
        format!("pbkdf2_sha256$1000$${digest}"),
        format!("pbkdf2_sha256$1000${digest}"),
        "pbkdf2_sha256$1000$salt$YWJj".to_owned(),
        format!("pbkdf2_sha1$1000$salt${digest}"),
        "$argon2id$v=19$broken".to_owned(),
        argon2.replace("p=1", "p=4249599495"),
        "argon2$argon2i$v=19$m=512,t=2,p=2$c29tZXNhbHQ$c29tZXNhbHQ".to_owned(),
        "tidal-Basin-310".to_owned(),
    ];
    for hash in bad {
        let problem = problem(&hash).expect("the hash is refused");
        assert!(!problem.contains(&hash) && !problem.contains(digest), "{problem}");
    }
}

#[test]
fn every_fault_of_a_group_is_reported_with_its_path() {
    let file = json!({ "workinggroups": [
        { "id": "x", "name": "", "institution": "y", "researchfield": 0, "n_employees": -1, "is_public": "no",
          "representative": 5, "members": ["a@example.org", 7] },
        { "id": "7e8f9a0b-1c2d-4e3f-8a4b-5c6d7e8f9a0b", "name": "a", "members": "b@example.org", "founder": "c",
          "joinrequests": [{ "id": 5, "status": "maybe", "timestamp": "yesterday" }, "d"] },
    ] });
    assert_eq!(
        paths(&file),
        [
            "workinggroups[0].representative",
            "workinggroups[0].members",
            "workinggroups[0].id",
            "workinggroups[0].name",
            "workinggroups[0].institution",
            "workinggroups[0].researchfield",
            "workinggroups[0].n_employees",
            "workinggroups[0].is_public",
            "workinggroups[1].founder",
            "workinggroups[1].members",
            "workinggroups[1].researchfield",
            "workinggroups[1].joinrequests[0].status",
            "workinggroups[1].joinrequests[0].id",
            "workinggroups[1].joinrequests[0].user",
            "workinggroups[1].joinrequests[0].timestamp",
            "workinggroups[1].joinrequests[1]",
        ]
    );
}

#[test]
fn a_file_cannot_put_a_person_into_two_groups() {
    let group = |id: &str, members: Value| json!({ "id": id, "name": id, "researchfield": 1, "members": members, "representative": "ada@example.org" });
    let (one, two) = ("7e8f9a0b-1c2d-4e3f-8a4b-5c6d7e8f9a0b", "00000000-1c2d-4e3f-8a4b-5c6d7e8f9a0b");
    let file = json!({ "workinggroups": [group(one, json!(["bo@example.org"])), group(two, json!(["Bo@example.org", "eve@example.org"]))] });
    assert_eq!(paths(&file), ["workinggroups[1].representative", "workinggroups[1].members"]);
    let twice = json!({ "workinggroups": [group(one, json!(["Ada@example.org"]))] });
    assert_eq!(paths(&twice), ["workinggroups[0].members"]);
}
