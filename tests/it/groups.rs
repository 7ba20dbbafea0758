//! Working groups: how they are founded, joined, led and ended, and who sees what of them.

mod audit;
mod create_delete;
mod front_end;
mod join;
mod members;
mod sequences;
mod statement_count;
mod visibility;

use serde_json::{Value, json};

use crate::support::SEED;
use crate::support::person::Person;
use crate::support::server::TestServer;

/// An institution of the seed.
const HEIDELBERG: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
/// Another.
const OSLO: &str = "3f8b1d2c-7e60-4c35-a9d4-0b5c6e7f8a04";
/// The id of no group.
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// A server with the institutions and research fields of the seed, and no accounts.
///
/// What is refused changes nothing but the count of attempts, so that is left out where nothing is said of it.
async fn start(toml: &str) -> TestServer {
    let limits = if toml.contains("limits.") { "" } else { "limits.enabled = false\n" };
    let server = TestServer::start(&format!("{limits}{toml}")).await;
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["users"] = json!([]);
    server.import(&seed.to_string());
    server
}

impl Person {
    /// Sends a mutation of working groups.
    async fn tries(&self, server: &TestServer, mutation: &str) -> Value {
        let selection = if mutation.ends_with('}') { "" } else { " { success }" };
        let query = format!("mutation {{ payload: {mutation}{selection} }}");
        let answer = server.send(Some(&self.token), &query, json!({})).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        answer.body
    }

    /// A mutation of working groups that is done; answers its payload.
    async fn manages(&self, server: &TestServer, mutation: &str) -> Value {
        let mut body = self.tries(server, mutation).await;
        assert_eq!(body.get("errors"), None, "{mutation}: {body}");
        body["data"]["payload"].take()
    }

    /// A mutation of working groups that is refused, and changes nothing; answers the sentence.
    async fn is_told(&self, server: &TestServer, mutation: &str) -> String {
        let before = server.rows();
        let body = self.tries(server, mutation).await;
        assert_eq!(body["data"], json!({ "payload": null }), "{mutation}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{mutation}: {body}");
        assert_eq!(server.rows(), before, "{mutation}");
        body["errors"][0]["message"].as_str().expect("a sentence").to_owned()
    }

    /// Founds a group in Heidelberg; answers its id.
    async fn founds(&self, server: &TestServer, name: &str, is_public: bool) -> String {
        let payload = self.manages(server, &create(name, HEIDELBERG, is_public)).await;
        payload["workinggroup"]["id"].as_str().expect("an id").to_owned()
    }

    /// Asks to join a group; answers the id of the request.
    async fn asks_to_join(&self, server: &TestServer, group: &str) -> String {
        let payload = self.manages(server, &request(group)).await;
        payload["joinRequest"]["id"].as_str().expect("an id").to_owned()
    }

    /// The number of the account.
    async fn number(&self, server: &TestServer) -> String {
        server.ask(Some(&self.token), "{ me { pk } }").await["me"]["pk"].to_string()
    }

    /// The name of the group of this person, and whether this person speaks for it.
    async fn place(&self, server: &TestServer) -> (Option<String>, bool) {
        let query = "{ me { isRepresentative workinggroup { name } workingGroup { name } } }";
        let me = server.ask(Some(&self.token), query).await["me"].take();
        let represents = me["isRepresentative"].as_bool().expect("yes or no");
        let represented = if represents { &me["workingGroup"] } else { &Value::Null };
        assert_eq!(&me["workinggroup"], represented, "{me}");
        (me["workingGroup"]["name"].as_str().map(str::to_owned), represents)
    }

    /// Asks for something that is answered.
    async fn sees(&self, server: &TestServer, query: &str) -> Value {
        server.ask(Some(&self.token), query).await
    }
}

fn create(name: &str, institution: &str, is_public: bool) -> String {
    format!(
        "createWorkingGroup(input: {{ name: {name:?}, institutionId: {institution:?}, researchFieldId: 1, \
         nEmployees: 7, isPublic: {is_public} }}) {{ success workinggroup {{ id }} }}"
    )
}

fn request(group: &str) -> String {
    format!(
        "requestJoinWorkingGroup(input: {{ workinggroupId: {group:?} }}) {{ success joinRequest {{ id }} }}"
    )
}

fn answer(request: &str, approve: bool) -> String {
    format!("answerJoinRequest(input: {{ requestId: {request:?}, approve: {approve} }})")
}

fn add(email: &str) -> String {
    format!("addUserToWorkingGroup(input: {{ userEmail: {email:?} }})")
}

fn remove(number: &str) -> String {
    format!("removeUserFromWorkingGroup(input: {{ userId: {number:?} }})")
}

fn enter(group: &str) -> String {
    format!("setWorkingGroup(input: {{ id: {group:?} }})")
}

fn delete(group: &str) -> String {
    format!("deleteWorkingGroup(input: {{ id: {group:?} }})")
}

fn hand_over(number: &str) -> String {
    format!("handOverWorkingGroup(userId: {number:?})")
}

const LEAVE: &str = "leaveWorkingGroup";
