//! Whatever several persons do to groups, one after another, what must hold holds.

use std::collections::HashMap;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{HEIDELBERG, LEAVE, add, answer, create, delete, enter, hand_over, remove, request, start};
use crate::support::person::{PASSWORD, Person};
use crate::support::server::TestServer;

const PEOPLE: usize = 3;

/// What somebody does. Numbers name people, groups and requests by their age.
#[derive(Debug, Clone)]
enum Deed {
    Create { is_public: bool },
    Delete(usize),
    Enter(usize),
    Ask(usize),
    Answer { request: usize, approve: bool },
    Add(usize),
    Remove(usize),
    HandOver(usize),
    Leave,
    Erase,
}

fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let deed = prop_oneof![
        3 => any::<bool>().prop_map(|is_public| Deed::Create { is_public }),
        1 => (0..3_usize).prop_map(Deed::Delete),
        3 => (0..3_usize).prop_map(Deed::Enter),
        4 => (0..3_usize).prop_map(Deed::Ask),
        6 => (0..4_usize, any::<bool>()).prop_map(|(request, approve)| Deed::Answer { request, approve }),
        2 => (0..PEOPLE).prop_map(Deed::Add),
        2 => (0..PEOPLE).prop_map(Deed::Remove),
        2 => (0..PEOPLE).prop_map(Deed::HandOver),
        2 => Just(Deed::Leave),
        1 => Just(Deed::Erase),
    ];
    proptest::collection::vec((0..PEOPLE, deed), 20..60)
}

/// What has been made so far.
struct World {
    server: TestServer,
    people: Vec<Person>,
    numbers: Vec<String>,
    groups: Vec<String>,
    requests: Vec<String>,
    answered: HashMap<String, bool>,
}

impl World {
    async fn new(joining: &str) -> Self {
        let server = start(&format!("groups.joining = {joining:?}\nmail.notices = false\n")).await;
        let (mut people, mut numbers) = (Vec::new(), Vec::new());
        for index in 0..PEOPLE {
            let person = server.joins(&format!("person{index}")).await;
            numbers.push(person.number(&server).await);
            people.push(person);
        }
        Self { server, people, numbers, groups: Vec::new(), requests: Vec::new(), answered: HashMap::new() }
    }

    fn mutation(&self, deed: &Deed) -> Option<String> {
        Some(match deed {
            Deed::Create { is_public } => {
                create(&format!("Group {}", self.groups.len()), HEIDELBERG, *is_public)
            }
            Deed::Delete(group) => delete(self.groups.get(*group)?),
            Deed::Enter(group) => enter(self.groups.get(*group)?),
            Deed::Ask(group) => request(self.groups.get(*group)?),
            Deed::Answer { request, approve } => answer(self.requests.get(*request)?, *approve),
            Deed::Add(person) => add(&self.people[*person].email),
            Deed::Remove(person) => remove(&self.numbers[*person]),
            Deed::HandOver(person) => hand_over(&self.numbers[*person]),
            Deed::Leave => LEAVE.to_owned(),
            Deed::Erase => format!("deleteAccount(password: {PASSWORD:?})"),
        })
    }

    async fn does(&mut self, index: usize, deed: &Deed) {
        let Some(mutation) = self.mutation(deed) else { return };
        let mut body = self.people[index].tries(&self.server, &mutation).await;
        let payload = body["data"]["payload"].take();
        let done = payload["success"] == true;
        match deed {
            Deed::Create { .. } if done => self.groups.push(text(&payload["workinggroup"]["id"])),
            Deed::Ask(_) if done => self.requests.push(text(&payload["joinRequest"]["id"])),
            Deed::Answer { request, approve } if done => {
                let before = self.answered.insert(self.requests[*request].clone(), *approve);
                assert_eq!(before, None, "a request was answered twice");
            }
            _ => {}
        }
    }

    /// What each of them knows of groups.
    async fn look(&self) {
        let mut representatives: HashMap<String, String> = HashMap::new();
        let mut groups_of: HashMap<String, Option<String>> = HashMap::new();
        for person in &self.people {
            let query = "{ me { isRepresentative workinggroup { id } workingGroup { id customuserSet { email } \
                representative { email isRepresentative workingGroup { id } } } } \
                workinggroups { id isPublic customuserSet { email workingGroup { id } } workinggroupjoinrequestSet { user { email } } } }";
            let answer = self.server.send(Some(&person.token), query, json!({})).await.body;
            let me = &answer["data"]["me"];
            if me.is_null() {
                continue;
            }
            let group = me["workingGroup"]["id"].as_str().map(str::to_owned);
            groups_of.insert(person.email.clone(), group.clone());
            if me["isRepresentative"] == true {
                let group = group.clone().expect("a representative is a member");
                assert_eq!(me["workinggroup"]["id"], group.as_str());
                let other = representatives.insert(group, person.email.clone());
                assert_eq!(other, None, "a group has two representatives");
                assert_eq!(me["workingGroup"]["representative"]["email"], person.email.as_str());
            }
            if group.is_some() {
                let members = me["workingGroup"]["customuserSet"].as_array().expect("members");
                assert!(members.iter().any(|member| member["email"] == person.email.as_str()));
                let representative = &me["workingGroup"]["representative"];
                assert_eq!(representative["isRepresentative"], true, "a group lost its voice: {me}");
                assert_eq!(representative["workingGroup"]["id"], me["workingGroup"]["id"]);
            }
            for listed in answer["data"]["workinggroups"].as_array().expect("a list") {
                assert_eq!(listed["isPublic"], true, "a private group is listed");
                for member in listed["customuserSet"].as_array().expect("members") {
                    assert_eq!(member["workingGroup"]["id"], listed["id"], "somebody is in two groups");
                }
                let leads = me["isRepresentative"] == true && me["workingGroup"]["id"] == listed["id"];
                for request in listed["workinggroupjoinrequestSet"].as_array().expect("requests") {
                    let own = request["user"]["email"] == person.email.as_str();
                    assert!(own || leads, "{} sees who asked another group", person.email);
                }
            }
        }
        // Nobody sees a private group of others, by any path.
        for person in &self.people {
            let own = groups_of.get(&person.email).cloned().flatten();
            let query = "{ users { edges { node { email workingGroup { id isPublic } } } } institutions { workinggroupSet { id isPublic } } }";
            let answer = self.server.send(Some(&person.token), query, json!({})).await.body;
            for group in private_groups(&answer) {
                assert_eq!(Some(group), own, "{} sees a private group of others", person.email);
            }
        }
    }
}

/// The ids of the private groups in an answer.
fn private_groups(answer: &Value) -> Vec<String> {
    match answer {
        Value::Object(members) if members.get("isPublic") == Some(&Value::Bool(false)) => {
            vec![text(&members["id"])]
        }
        Value::Object(members) => members.values().flat_map(private_groups).collect(),
        Value::Array(entries) => entries.iter().flat_map(private_groups).collect(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn whatever_people_do_the_rules_hold(joining: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 32, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&deeds(), |deeds| {
        runtime.block_on(async {
            let mut world = World::new(joining).await;
            for (index, deed) in &deeds {
                world.does(*index, deed).await;
                world.look().await;
            }
            world.server.mails();
        });
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.err().map(|error| error.to_string()).unwrap_or_default());
}

#[test]
fn whatever_people_do_one_after_another_the_rules_hold_where_groups_are_asked() {
    whatever_people_do_the_rules_hold("request");
}

#[test]
fn whatever_people_do_one_after_another_the_rules_hold_where_groups_are_open() {
    whatever_people_do_the_rules_hold("open");
}
