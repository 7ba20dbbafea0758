//! The requests on the page that specified this API, in the order in which a person sends them.

use serde_json::{Value, json};

use crate::support::server::TestServer;

const EMAIL: &str = "test@pledge4future.org";
const FIRST_PASSWORD: &str = "lisa445566!";
const SECOND_PASSWORD: &str = "supersecretpassword";
const THIRD_PASSWORD: &str = "123456super";

const REGISTER: &str = "mutation ($email: String, $username: String, $password: String) { register ( email: $email, \
    username: $username, password1: $password, password2: $password ) { success errors } }";
const VERIFY: &str = "mutation ($token: String!) { verifyAccount ( token: $token ) { success errors } }";
const LOG_IN: &str = "mutation ($email: String, $password: String!) { tokenAuth ( email: $email password: $password ) \
    { success errors token refreshToken user { username firstName email isRepresentative } } }";
const UPDATE: &str = "mutation ($name: String) { updateAccount ( firstName: $name ) { success errors } }";
const RESEND: &str =
    "mutation ($email: String!) { resendActivationEmail( email:$email, ) { success, errors } }";
const REQUEST_RESET: &str =
    "mutation ($email: String!) { sendPasswordResetEmail( email: $email ) { success, errors } }";
const RESET: &str = "mutation ($token: String!, $password: String!) { passwordReset( token: $token, \
    newPassword1: $password, newPassword2: $password ) { success, errors } }";
const CHANGE: &str = "mutation ($old: String!, $new: String!) { passwordChange( oldPassword: $old, \
    newPassword1: $new, newPassword2: $new ) { success, errors, token, refreshToken } }";
const ME: &str = "query { me { username email firstName lastName isRepresentative verified workingGroup { id name \
    nEmployees institution { name city state country } field { field subfield } } } }";
const USERS: &str = "query { users { edges { node { username email } } } }";

/// Sends a document. Returns its only field.
async fn send(server: &TestServer, token: Option<&str>, document: &str, variables: Value) -> Value {
    let mut data = server.query_with(token, document, variables).await;
    data.as_object_mut().expect("data").values_mut().next().expect("a field").take()
}

async fn log_in(server: &TestServer, password: &str) -> String {
    let payload = send(server, None, LOG_IN, json!({ "email": EMAIL, "password": password })).await;
    assert_eq!(payload["success"], true, "{payload}");
    assert_eq!(payload["user"]["username"], "lisalou");
    assert_eq!(payload["user"]["isRepresentative"], false);
    assert_eq!(payload["refreshToken"].as_str().map(str::len), Some(40));
    payload["token"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn the_documented_requests_return_the_documented_replies() {
    let server = TestServer::start("mail.notices = false\n").await;
    let done = json!({ "success": true, "errors": null });
    let person = json!({ "email": EMAIL, "username": "lisalou", "password": FIRST_PASSWORD });
    assert_eq!(send(&server, None, REGISTER, person).await, done);
    let mail = &server.mails_to(EMAIL)[0];
    for words in ["localhost:8000", "Hello lisalou!", "Please activate your account on the link:"] {
        assert!(mail.text.contains(words), "{words}");
    }
    let token = server.mailed_token(EMAIL);
    let address = format!("http://localhost:8000/activate/{token}");
    assert!(mail.text.lines().any(|line| line == address), "the link is not on its own line");

    assert_eq!(send(&server, None, VERIFY, json!({ "token": token })).await, done);
    let first = log_in(&server, FIRST_PASSWORD).await;
    assert_eq!(send(&server, Some(&first), UPDATE, json!({ "name": "Louise" })).await, done);

    let refused = send(&server, None, RESEND, json!({ "email": EMAIL })).await;
    assert_eq!(refused["errors"]["email"][0]["code"], "already_verified");
    assert_eq!(send(&server, None, REQUEST_RESET, json!({ "email": EMAIL })).await, done);
    let reset = json!({ "token": server.mailed_token(EMAIL), "password": SECOND_PASSWORD });
    assert_eq!(send(&server, Some(&first), RESET, reset).await, done);

    let second = log_in(&server, SECOND_PASSWORD).await;
    let change = json!({ "old": SECOND_PASSWORD, "new": THIRD_PASSWORD });
    let changed = send(&server, Some(&second), CHANGE, change).await;
    assert_eq!(changed["success"], true);
    let third = changed["token"].as_str().expect("a token");

    let me = json!({
        "username": "lisalou", "email": EMAIL, "firstName": "Louise", "lastName": "", "isRepresentative": false,
        "verified": true, "workingGroup": null
    });
    assert_eq!(send(&server, Some(third), ME, json!({})).await, me);
    let users = json!({ "edges": [{ "node": { "username": "lisalou", "email": EMAIL } }] });
    assert_eq!(send(&server, Some(third), USERS, json!({})).await, users);
    assert_eq!(server.mails().len(), 2, "an activation and a reset");
}
