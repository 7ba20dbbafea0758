//! Random sequences of actions keep the invariants of groups.

use std::collections::HashMap;

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{HEIDELBERG, add, answer, create, delete, enter, hand_over, leave, remove, request, start};
use crate::support::mutation::{Mutation, delete_account};
use crate::support::person::{PASSWORD, Person};
use crate::support::server::TestServer;

const PEOPLE: usize = 3;

/// What a person does. Numbers are indices of people, groups and join requests.
#[derive(Debug, Clone)]
enum Action {
    Create { is_public: bool },
    Delete(usize),
    Enter(usize),
    RequestJoin(usize),
    Answer { request: usize, approve: bool },
    Add(usize),
    Remove(usize),
    HandOver(usize),
    Leave,
    DeleteAccount,
}

fn actions() -> impl Strategy<Value = Vec<(usize, Action)>> {
    let action = prop_oneof![
        3 => any::<bool>().prop_map(|is_public| Action::Create { is_public }),
        1 => (0..3_usize).prop_map(Action::Delete),
        3 => (0..3_usize).prop_map(Action::Enter),
        4 => (0..3_usize).prop_map(Action::RequestJoin),
        6 => (0..4_usize, any::<bool>()).prop_map(|(request, approve)| Action::Answer { request, approve }),
        2 => (0..PEOPLE).prop_map(Action::Add),
        2 => (0..PEOPLE).prop_map(Action::Remove),
        2 => (0..PEOPLE).prop_map(Action::HandOver),
        2 => Just(Action::Leave),
        1 => Just(Action::DeleteAccount),
    ];
    proptest::collection::vec((0..PEOPLE, action), 20..60)
}

struct World {
    server: TestServer,
    people: Vec<Person>,
    account_ids: Vec<String>,
    groups: Vec<String>,
    requests: Vec<String>,
    answered: HashMap<String, bool>,
}

impl World {
    async fn new(joining: &str) -> Self {
        let server = start(&format!(
            "groups.joining = \"{joining}\"
mail.notices = false\n"
        ))
        .await;
        let (mut people, mut account_ids) = (Vec::new(), Vec::new());
        for index in 0..PEOPLE {
            let person = server.sign_up(&format!("person{index}")).await;
            account_ids.push(person.account_id(&server).await);
            people.push(person);
        }
        Self {
            server,
            people,
            account_ids,
            groups: Vec::new(),
            requests: Vec::new(),
            answered: HashMap::new(),
        }
    }

    fn mutation(&self, action: &Action) -> Option<Mutation> {
        Some(match action {
            Action::Create { is_public } => {
                create(&format!("Group {}", self.groups.len()), HEIDELBERG, *is_public)
            }
            Action::Delete(group) => delete(self.groups.get(*group)?),
            Action::Enter(group) => enter(self.groups.get(*group)?),
            Action::RequestJoin(group) => request(self.groups.get(*group)?),
            Action::Answer { request, approve } => answer(self.requests.get(*request)?, *approve),
            Action::Add(person) => add(&self.people[*person].email),
            Action::Remove(person) => remove(&self.account_ids[*person]),
            Action::HandOver(person) => hand_over(&self.account_ids[*person]),
            Action::Leave => leave(),
            Action::DeleteAccount => delete_account(PASSWORD),
        })
    }

    async fn apply(&mut self, index: usize, action: &Action) {
        let Some(mutation) = self.mutation(action) else { return };
        let mut body = self.people[index].try_manage(&self.server, &mutation).await;
        let payload = body["data"]["payload"].take();
        let done = payload["success"] == true;
        match action {
            Action::Create { .. } if done => self.groups.push(text(&payload["workinggroup"]["id"])),
            Action::RequestJoin(_) if done => self.requests.push(text(&payload["joinRequest"]["id"])),
            Action::Answer { request, approve } if done => {
                let before = self.answered.insert(self.requests[*request].clone(), *approve);
                assert_eq!(before, None, "a join request was answered twice");
            }
            _ => {}
        }
    }

    /// Asserts what every person sees.
    async fn check(&self) {
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
                assert_eq!(representative["isRepresentative"], true, "a group has no representative: {me}");
                assert_eq!(representative["workingGroup"]["id"], me["workingGroup"]["id"]);
            }
            for listed in answer["data"]["workinggroups"].as_array().expect("a list") {
                assert_eq!(listed["isPublic"], true, "a private group is listed");
                for member in listed["customuserSet"].as_array().expect("members") {
                    assert_eq!(member["workingGroup"]["id"], listed["id"], "a person is in two groups");
                }
                let leads = me["isRepresentative"] == true && me["workingGroup"]["id"] == listed["id"];
                for request in listed["workinggroupjoinrequestSet"].as_array().expect("requests") {
                    let own = request["user"]["email"] == person.email.as_str();
                    assert!(own || leads, "{} sees join requests of another group", person.email);
                }
            }
        }
        // No path leads to a private group of others.
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

/// Returns the ids of the private groups in a reply.
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
    value.as_str().expect("a string").to_owned()
}

fn assert_invariants(joining: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = Config { cases: 16, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&actions(), |actions| {
        runtime.block_on(async {
            let mut world = World::new(joining).await;
            for (index, action) in &actions {
                world.apply(*index, action).await;
                world.check().await;
            }
            world.server.ignore_mail();
        });
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.err().map(|error| error.to_string()).unwrap_or_default());
}

#[test]
fn random_actions_keep_the_invariants_of_groups_joined_by_request() {
    assert_invariants("request");
}

#[test]
fn random_actions_keep_the_invariants_of_open_groups() {
    assert_invariants("open");
}
