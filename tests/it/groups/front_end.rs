//! The documents of the front end of WePledge return every field that they select.

use serde_json::{Value, json};

use super::{HEIDELBERG, start};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

const ME: &str = "query Me { me { id pk lastLogin isStaff isActive dateJoined email username firstName lastName \
    academicTitle archived verified secondaryEmail isRepresentative \
    workingGroup { ...group } workinggroup { ...group } workinggroupjoinrequestSet { ...request } } }";
const INSTITUTIONS: &str =
    "query { institutions { id name city state country workinggroupSet { ...group } } }";
const RESEARCH_FIELDS: &str = "query { researchfields { id field subfield workinggroupSet { ...group } } }";
const WORKING_GROUPS: &str = "query { workinggroups { ...group } }";
const MEMBERS: &str = "query { workinggroupUsers { ...person workingGroup { ...group } workinggroup { ...group } \
    workinggroupjoinrequestSet { ...request } } }";
const REQUESTS: &str = "query { joinRequests { ...request } }";
const CREATE: &str = "mutation createWorkingGroup($name: String, $institutionId: String!, $researchFieldId: Int!, \
    $nEmployees: Int!, $isPublic: Boolean!) { createWorkingGroup(input: { name: $name, institutionId: $institutionId, \
    researchFieldId: $researchFieldId, nEmployees: $nEmployees, isPublic: $isPublic }) \
    { success workinggroup { ...group } } }";
const SET: &str = "mutation setWorkingGroup($id: String) { setWorkingGroup(input: { id: $id }) { success user { ...person } } }";
const REQUEST: &str = "mutation requestJoinWorkingGroup($workinggroupId: String) \
    { requestJoinWorkingGroup(input: { workinggroupId: $workinggroupId }) { success joinRequest { ...request } } }";
const ANSWER: &str = "mutation answerJoinRequest($approve: Boolean, $requestId: String!) \
    { answerJoinRequest(input: { approve: $approve, requestId: $requestId }) { success requestingUser { ...person } } }";
const REMOVE: &str = "mutation removeUserFromWorkingGroup($userId: String!) \
    { removeUserFromWorkingGroup(input: { userId: $userId }) { success } }";
const ADD: &str = "mutation addUserToWorkingGroup($userEmail: String!) \
    { addUserToWorkingGroup(input: { userEmail: $userEmail }) { success } }";
const DELETE: &str =
    "mutation deleteWorkingGroup($id: String!) { deleteWorkingGroup(input: { id: $id }) { success } }";
const LEAVE: &str = "mutation leaveWorkingGroup { leaveWorkingGroup { success } }";

const PERSON: &str = "fragment person on UserType { id lastLogin isStaff isActive dateJoined email username firstName \
    lastName academicTitle isRepresentative }";
const GROUP: &str = "fragment group on WorkingGroupType { id name nEmployees isPublic \
    institution { id name city state country } field { id field subfield } representative { ...person } \
    customuserSet { ...person } workinggroupjoinrequestSet { id status } }";
const ASKED: &str = "fragment request on WorkingGroupJoinRequestType { id timestamp status user { ...person } \
    workingGroup { id name isPublic } }";

/// Sends a document with its fragments. Returns its only field.
async fn send(server: &TestServer, token: Option<&str>, document: &str, variables: Value) -> Value {
    let mut text = document.to_owned();
    for (name, fragment) in [("...group", GROUP), ("...request", ASKED), ("...person", PERSON)] {
        if text.contains(name) {
            text.push_str(fragment);
        }
    }
    let answer = server.send(token, &text, variables).await;
    assert_eq!(answer.status, 200, "{document}: {}", answer.body);
    assert_eq!(answer.body.get("errors"), None, "{document}: {}", answer.body);
    let data = answer.body["data"].as_object().expect("data");
    data.values().next().expect("a field").clone()
}

/// Registers as the front end does, verifies and logs in. Returns the token.
async fn sign_up(server: &TestServer, email: &str, username: Option<&str>) -> String {
    let (argument, value) = match username {
        Some(_) => ("$username: String!, ", "username: $username, "),
        None => ("", ""),
    };
    let register = format!(
        "mutation register($email: String!, {argument}$firstName: String, $lastName: String, $academicTitle: String, \
         $password1: String!, $password2: String!) {{ register(email: $email, {value}firstName: $firstName, \
         lastName: $lastName, academicTitle: $academicTitle, password1: $password1, password2: $password2) \
         {{ success errors }} }}"
    );
    let variables = json!({
        "email": email, "username": username, "firstName": "Lisa", "lastName": "Lou", "academicTitle": "DR",
        "password1": PASSWORD, "password2": PASSWORD,
    });
    assert_eq!(send(server, None, &register, variables).await, json!({ "success": true, "errors": null }));
    let verify =
        "mutation verifyAccount($token: String!) { verifyAccount(token: $token) { success errors } }";
    send(server, None, verify, json!({ "token": server.mailed_token(email) })).await;
    let login = "mutation tokenAuth($email: String, $password: String!) { tokenAuth(email: $email, password: $password) \
        { success errors token refreshToken user { id firstName lastName academicTitle isRepresentative } } }";
    let login = send(server, None, login, json!({ "email": email, "password": PASSWORD })).await;
    assert_eq!(login["user"]["academicTitle"], "DR");
    login["token"].as_str().expect("a token").to_owned()
}

/// Asserts that only the fields in `nothing` are null.
fn assert_full(value: &Value, nothing: &[&str]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                assert!(!member.is_null() || nothing.contains(&name.as_str()), "{name} is null in {value}");
                assert_full(member, nothing);
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| assert_full(entry, nothing)),
        _ => {}
    }
}

#[tokio::test]
async fn the_documents_of_the_front_end_return_every_selected_field() {
    let server = start("").await;
    let lisa = sign_up(&server, "lisalou@uni-hd.de", Some("lisalou")).await;
    let anton = sign_up(&server, "anton@uni-hd.de", None).await;

    let new = json!({ "name": "Environmental Research Group", "institutionId": HEIDELBERG, "researchFieldId": 1,
        "nEmployees": 5, "isPublic": true });
    let created = send(&server, Some(&lisa), CREATE, new).await;
    assert_eq!(created["workinggroup"]["representative"]["email"], "lisalou@uni-hd.de");
    let group = created["workinggroup"]["id"].clone();
    let asked = send(&server, Some(&anton), REQUEST, json!({ "workinggroupId": group })).await;
    let request = asked["joinRequest"]["id"].clone();
    assert_eq!(asked["joinRequest"]["user"]["email"], "anton@uni-hd.de");

    for (document, entries) in
        [(INSTITUTIONS, 5), (RESEARCH_FIELDS, 5), (WORKING_GROUPS, 1), (MEMBERS, 1), (REQUESTS, 1)]
    {
        let answer = send(&server, Some(&lisa), document, json!({})).await;
        assert_eq!(answer.as_array().map(Vec::len), Some(entries), "{document}");
        assert_full(&answer, &["lastLogin", "state"]);
    }
    let me = send(&server, Some(&lisa), ME, json!({})).await;
    assert_full(&me, &["lastLogin", "secondaryEmail"]);
    assert_eq!(me["workingGroup"], me["workinggroup"]);
    assert_eq!(
        me["workingGroup"]["workinggroupjoinrequestSet"],
        json!([{ "id": request, "status": "PENDING" }])
    );

    let answered = send(&server, Some(&lisa), ANSWER, json!({ "approve": true, "requestId": request })).await;
    let number = answered["requestingUser"]["id"].clone();
    let members = send(&server, Some(&lisa), MEMBERS, json!({})).await;
    assert_eq!(members[1]["id"], number);
    let done = json!({ "success": true });
    assert_eq!(send(&server, Some(&anton), LEAVE, json!({})).await, done);
    assert_eq!(send(&server, Some(&lisa), ADD, json!({ "userEmail": "anton@uni-hd.de" })).await, done);
    let set = send(&server, Some(&anton), SET, json!({ "id": group })).await;
    assert_eq!(set["user"]["email"], "anton@uni-hd.de");
    assert_eq!(send(&server, Some(&lisa), REMOVE, json!({ "userId": number })).await, done);
    assert_eq!(send(&server, Some(&lisa), DELETE, json!({ "id": group })).await, done);
    server.ignore_mail();
}

#[tokio::test]
async fn documents_that_select_hashes_or_emissions_are_refused() {
    let server = start("").await;
    for (selection, status) in
        [("email", 200), ("email password", 400), ("email businesstripSet { co2e }", 400)]
    {
        let document = format!("query getUser($id: ID!) {{ user(id: $id) {{ {selection} }} }}");
        let answer = server.send(None, &document, json!({ "id": 3 })).await;
        assert_eq!(answer.status, status, "{selection}: {}", answer.body);
    }
}
