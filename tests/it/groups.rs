//! Working groups.

mod audit;
mod create_delete;
mod front_end;
mod invitation_mails;
mod invitations;
mod join;
mod members;
mod sequences;
mod statement_count;
mod visibility;

use serde_json::{Value, json};

use crate::support::SEED;
use crate::support::mutation::{Mutation, mutation};
use crate::support::person::Person;
use crate::support::server::TestServer;

/// The id of an institution of the seed.
const HEIDELBERG: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
/// The id of another institution of the seed.
const OSLO: &str = "3f8b1d2c-7e60-4c35-a9d4-0b5c6e7f8a04";
/// An id that nothing has.
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// Starts a server with the institutions and research fields of the seed, and without accounts. Throttling is off unless
/// the settings mention it, so that a refused mutation changes nothing.
async fn start(toml: &str) -> TestServer {
    let limits = if toml.contains("limits.") { "" } else { "limits.enabled = false\n" };
    let server = TestServer::start(&format!("{limits}{toml}")).await;
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["users"] = json!([]);
    server.import(&seed.to_string());
    server
}

impl Person {
    /// Sends a mutation. Returns the reply.
    async fn try_manage(&self, server: &TestServer, mutation: &Mutation) -> Value {
        let reply = server.send(Some(&self.token), &mutation.document(), mutation.variables()).await;
        assert_eq!(reply.status, 200, "{mutation}: {}", reply.body);
        reply.body
    }

    /// Sends a mutation that is refused and changes nothing. Returns the message of the error.
    async fn refusal(&self, server: &TestServer, mutation: &Mutation) -> String {
        let before = server.rows();
        let body = self.try_manage(server, mutation).await;
        assert_eq!(body["data"], json!({ "payload": null }), "{mutation}");
        assert_eq!(body["errors"].as_array().map(Vec::len), Some(1), "{mutation}: {body}");
        assert_eq!(server.rows(), before, "{mutation}");
        body["errors"][0]["message"].as_str().expect("a message").to_owned()
    }

    /// Creates a group in Heidelberg. Returns its id.
    async fn create_group(&self, server: &TestServer, name: &str, is_public: bool) -> String {
        let payload = self.mutate(server, &create(name, HEIDELBERG, is_public)).await;
        payload["workinggroup"]["id"].as_str().expect("an id").to_owned()
    }

    /// Requests to join a group. Returns the id of the join request.
    async fn request_join(&self, server: &TestServer, group: &str) -> String {
        let payload = self.mutate(server, &request(group)).await;
        payload["joinRequest"]["id"].as_str().expect("an id").to_owned()
    }

    async fn account_id(&self, server: &TestServer) -> String {
        self.query(server, "{ me { pk } }").await["me"]["pk"].to_string()
    }

    /// Returns the name of the group of this person, and whether this person represents it.
    async fn membership(&self, server: &TestServer) -> (Option<String>, bool) {
        let query = "{ me { isRepresentative workinggroup { name } workingGroup { name } } }";
        let me = self.query(server, query).await["me"].take();
        let represents = me["isRepresentative"].as_bool().expect("yes or no");
        let represented = if represents { &me["workingGroup"] } else { &Value::Null };
        assert_eq!(&me["workinggroup"], represented, "{me}");
        (me["workingGroup"]["name"].as_str().map(str::to_owned), represents)
    }
}

/// A mutation whose arguments are fields of `input`, as those of most group mutations.
fn with_input(name: &str, input: Value) -> Mutation {
    mutation(name, input).in_input().select("success")
}

pub fn create(name: &str, institution: &str, is_public: bool) -> Mutation {
    let input = json!({
        "name": name, "institutionId": institution, "researchFieldId": 1, "nEmployees": 7, "isPublic": is_public,
    });
    with_input("createWorkingGroup", input).select("success workinggroup { id }")
}

pub fn request(group: &str) -> Mutation {
    let request = with_input("requestJoinWorkingGroup", json!({ "workinggroupId": group }));
    request.select("success joinRequest { id }")
}

pub fn answer(request: &str, approve: bool) -> Mutation {
    with_input("answerJoinRequest", json!({ "requestId": request, "approve": approve }))
}

fn add(email: &str) -> Mutation {
    with_input("addUserToWorkingGroup", json!({ "userEmail": email }))
}

fn remove(account_id: &str) -> Mutation {
    with_input("removeUserFromWorkingGroup", json!({ "userId": account_id }))
}

fn enter(group: &str) -> Mutation {
    with_input("setWorkingGroup", json!({ "id": group }))
}

fn delete(group: &str) -> Mutation {
    with_input("deleteWorkingGroup", json!({ "id": group }))
}

fn hand_over(account_id: &str) -> Mutation {
    mutation("handOverWorkingGroup", json!({ "userId": account_id })).select("success")
}

fn leave() -> Mutation {
    without_arguments("leaveWorkingGroup")
}

fn without_arguments(name: &str) -> Mutation {
    mutation(name, json!({})).select("success")
}
