//! Generated dumps of Django: each is imported as it is, or refused without a change.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::fuzz_targets::django::{Refusal, Site};
use pledge4future_auth::transfer::django::OnConflict;

/// A site: its objects, with positions in lists for references.
#[derive(Debug, Clone)]
struct Dump {
    has_uuids: bool,
    has_usernames: bool,
    users: Vec<User>,
    groups: Vec<Group>,
    requests: Vec<Request>,
}

#[derive(Debug, Clone)]
struct User {
    key: u16,
    email: String,
    username: String,
    password: &'static str,
    title: &'static str,
    flags: [bool; 5],
    secondary: Option<String>,
    /// A position in the list of groups, which may be after its end.
    group: Option<usize>,
    joined_at: u32,
    last_login: Option<u32>,
    is_marked: Option<bool>,
}

#[derive(Debug, Clone)]
struct Group {
    key: u16,
    name: &'static str,
    has_institution: bool,
    /// A position in the list of users, which may be after its end.
    representative: Option<usize>,
    employees: Option<i32>,
    is_public: bool,
}

#[derive(Debug, Clone)]
struct Request {
    key: u16,
    user: usize,
    group: usize,
    made_at: u32,
    status: &'static str,
}

const HASHES: [&str; 3] = [
    "!",
    "pbkdf2_sha256$20000$aB9dE2fG5hJ8$ZEtKn3RDqzdBlwDOsOaoQgSa2dCGkTsUCfix1mbpMSY=",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAapArZfYF0yCqVA",
];
const INSTITUTION: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";

fn user(index: usize) -> impl Strategy<Value = User> {
    let email = prop_oneof![
        12 => Just(format!("user{index}@example.org")),
        1 => Just("User0@Example.org".to_owned()),
        1 => Just(format!("\"user {index}\"@example.org")),
        1 => select(vec!["", "nobody", "ada@", "user0@example.org"]).prop_map(str::to_owned),
    ];
    let username = prop_oneof![
        12 => Just(format!("Us\u{e9}r {index}")),
        1 => select(vec!["", "Us\u{e9}r 0", "7"]).prop_map(str::to_owned),
    ];
    let secondary = prop_oneof![
        8 => Just(format!("second{index}@example.net")),
        1 => select(vec!["user0@example.org", "second0@example.net", "no address"]).prop_map(str::to_owned),
    ];
    let password = prop_oneof![12 => select(HASHES.to_vec()), 1 => Just("md5$salt$0123456789abcdef")];
    let title = prop_oneof![12 => select(vec!["", "DR", "PROF"]), 1 => Just("SIR")];
    let place = (option::of(0..4_usize), option::weighted(0.1, any::<bool>()));
    let times = (any::<u32>(), option::of(any::<u32>()));
    (any::<u16>(), email, username, password, title, any::<[bool; 5]>(), option::of(secondary), place, times)
        .prop_map(|(key, email, username, password, title, flags, secondary, (group, is_marked), times)| {
            User {
                key,
                email,
                username,
                password,
                title,
                flags,
                secondary,
                group,
                joined_at: times.0,
                last_login: times.1,
                is_marked,
            }
        })
}

fn group() -> impl Strategy<Value = Group> {
    let name = select(vec!["Tides", "Glaciers", "Clouds & Air", "Rivers"]);
    (
        any::<u16>(),
        name,
        any::<bool>(),
        option::weighted(0.95, 0..5_usize),
        option::of(any::<i32>()),
        any::<bool>(),
    )
        .prop_map(|(key, name, has_institution, representative, employees, is_public)| Group {
            key,
            name,
            has_institution,
            representative,
            employees,
            is_public,
        })
}

fn request() -> impl Strategy<Value = Request> {
    let status = select(vec!["Pending", "Approved", "Declined"]);
    (any::<u16>(), 0..5_usize, 0..3_usize, any::<u32>(), status)
        .prop_map(|(key, user, group, made_at, status)| Request { key, user, group, made_at, status })
}

fn dump() -> impl Strategy<Value = Dump> {
    let users = (0..6_usize).prop_flat_map(|count| (0..count).map(user).collect::<Vec<_>>());
    (any::<bool>(), any::<bool>(), users, vec(group(), 0..3), vec(request(), 0..4), 0..4_u8).prop_map(
        |(has_uuids, has_usernames, users, groups, requests, tidiness)| {
            let mut dump = Dump { has_uuids, has_usernames, users, groups, requests };
            // Most dumps of sites are consistent.
            if tidiness > 0 {
                dump.tidy();
            }
            dump
        },
    )
}

impl Dump {
    /// Makes the references consistent, as WePledge keeps them.
    fn tidy(&mut self) {
        let users = self.users.len();
        let mut is_free = vec![true; users];
        self.groups.retain(|group| {
            group.representative.is_some_and(|user| user < users && std::mem::take(&mut is_free[user]))
        });
        let groups = self.groups.len();
        for user in &mut self.users {
            user.group = user.group.filter(|group| *group < groups);
            user.is_marked = None;
        }
        for (index, group) in self.groups.iter().enumerate() {
            self.users[group.representative.unwrap_or_default()].group = Some(index);
        }
        self.requests.retain(|request| request.user < users && request.group < groups);
    }

    fn user_key(&self, index: usize) -> Value {
        let key = self.users.get(index).map_or(70_000, |user| usize::from(user.key) * 8 + index + 1);
        if self.has_uuids { json!(format!("00000000-0000-4000-8000-{key:012x}")) } else { json!(key) }
    }

    fn group_key(&self, index: usize) -> Value {
        let key = self.groups.get(index).map_or(70_000, |group| usize::from(group.key) * 8 + index);
        json!(format!("11111111-0000-4000-8000-{key:012x}"))
    }

    /// Returns the objects in the order of `dumpdata`.
    fn objects(&self) -> Vec<Value> {
        let mut objects = vec![
            json!({ "model": "people.institution", "pk": INSTITUTION,
                "fields": { "name": "ETH Z\u{fc}rich", "city": "Z\u{fc}rich", "state": null, "country": "Switzerland" } }),
            json!({ "model": "people.researchfield", "pk": 3,
                "fields": { "field": "Natural Sciences", "subfield": "Physical sciences" } }),
        ];
        for (index, user) in self.users.iter().enumerate() {
            objects.push(self.user_object(index, user));
        }
        for (index, group) in self.groups.iter().enumerate() {
            objects.push(json!({ "model": "people.workinggroup", "pk": self.group_key(index), "fields": {
                "name": group.name,
                "institution": group.has_institution.then_some(INSTITUTION),
                "representative": group.representative.map(|user| self.user_key(user)),
                "n_employees": group.employees,
                "field": 3,
                "is_public": group.is_public,
            } }));
        }
        for (index, request) in self.requests.iter().enumerate() {
            let key = usize::from(request.key) * 8 + index;
            objects.push(json!({ "model": "people.workinggroupjoinrequest",
                "pk": format!("22222222-0000-4000-8000-{key:012x}"), "fields": {
                "user": self.user_key(request.user),
                "working_group": self.group_key(request.group),
                "timestamp": time(request.made_at),
                "status": request.status,
            } }));
        }
        for (index, user) in self.users.iter().enumerate() {
            objects.push(json!({ "model": "graphql_auth.userstatus", "pk": index + 1, "fields": {
                "user": self.user_key(index),
                "verified": user.flags[0],
                "archived": user.flags[1],
                "secondary_email": user.secondary,
            } }));
        }
        objects
    }

    fn user_object(&self, index: usize, user: &User) -> Value {
        let represents = self.groups.iter().any(|group| group.representative == Some(index));
        let mut fields = json!({
            "password": user.password,
            "last_login": user.last_login.map(time),
            "is_superuser": user.flags[2],
            "is_staff": user.flags[3],
            "is_active": user.flags[4],
            "date_joined": time(user.joined_at),
            "email": user.email,
            "username": user.username,
            "first_name": "J\u{f6}rg",
            "last_name": "",
            "academic_title": user.title,
            "working_group": user.group.map(|group| self.group_key(group)),
            "is_representative": user.is_marked.unwrap_or(represents),
            "groups": [],
            "user_permissions": [],
        });
        if !self.has_usernames {
            fields.as_object_mut().expect("an object").remove("username");
        }
        json!({ "model": "people.customuser", "pk": self.user_key(index), "fields": fields })
    }
}

/// Returns a time with milliseconds, as Django writes it.
fn time(millis: u32) -> String {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::from(millis) * 300);
    let text = humantime::format_rfc3339_millis(time).to_string();
    text.replace(".000Z", "Z")
}

/// Returns objects in an order that does not depend on that in a file. The keys of statuses have no meaning.
fn sorted(objects: Vec<Value>) -> Vec<String> {
    let mut sorted: Vec<String> = objects
        .into_iter()
        .map(|mut object| {
            if object["model"] == "graphql_auth.userstatus" {
                object["pk"] = Value::Null;
            }
            object.to_string()
        })
        .collect();
    sorted.sort();
    sorted
}

#[test]
fn a_generated_dump_is_exported_as_it_was_or_refused_unchanged() {
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let counts = std::cell::Cell::new((0, 0));
    let outcome = runner.run(&dump(), |dump| {
        let site = Site::empty();
        let before = site.export();
        let objects = dump.objects();
        let (imported, refused) = counts.get();
        match site.import(json!(objects).to_string().as_bytes(), OnConflict::Fail) {
            Ok(()) => {
                counts.set((imported + 1, refused));
                let exported = site.export().expect("an export");
                let exported: Vec<Value> = serde_json::from_str(&exported).expect("JSON");
                assert_eq!(sorted(exported), sorted(objects));
            }
            Err(Refusal::Conflicts(messages) | Refusal::Invalid(messages)) => {
                counts.set((imported, refused + 1));
                assert!(!messages.is_empty());
                assert_eq!(site.export(), before);
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let (imported, refused) = counts.get();
    assert!(imported > 20 && refused > 20, "{imported} imported, {refused} refused");
}

#[test]
fn a_resolved_dump_is_exported_without_conflicts() {
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&dump(), |dump| {
        crate::fuzz_targets::django(json!(dump.objects()).to_string().as_bytes());
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
