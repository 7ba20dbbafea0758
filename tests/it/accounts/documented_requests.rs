//! The page that this project was asked to implement: its requests, in the order in which a person sends them.

use serde_json::{Value, json};

use crate::support::server::TestServer;

async fn sends(server: &TestServer, token: Option<&str>, query: &str) -> Value {
    let answer = server.send(token, query, json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn done(field: &str) -> Value {
    json!({ "data": { field: { "success": true, "errors": null } } })
}

#[tokio::test]
async fn the_requests_of_the_page_answer_as_the_page_shows() {
    let server = TestServer::start("mail.notices = false\n").await;
    let email = "test@pledge4future.org";
    let register = "mutation { register ( email: \"test@pledge4future.org\", username: \"lisalou\", \
        password1: \"lisa445566!\", password2: \"lisa445566!\" ) { success errors } }";
    assert_eq!(sends(&server, None, register).await, done("register"));
    let mail = &server.mails_to(email)[0];
    for words in ["localhost:8000", "Hello lisalou!", "Please activate your account on the link:"] {
        assert!(mail.text.contains(words), "{words}");
    }
    let link = server.last_link(email);
    let address = format!("http://localhost:8000/activate/{link}");
    assert!(mail.text.lines().any(|line| line == address), "the link has a line of its own");

    let verify = format!("mutation {{ verifyAccount ( token: {link:?} ) {{ success errors }} }}");
    assert_eq!(sends(&server, None, &verify).await, done("verifyAccount"));
    let first = logs_in(&server, "lisa445566!").await;

    let update = "mutation { updateAccount ( firstName: \"Louise\" ) { success errors } }";
    assert_eq!(sends(&server, Some(&first), update).await, done("updateAccount"));

    let resend = format!("mutation {{ resendActivationEmail( email:{email:?}, ) {{ success, errors }} }}");
    let refused = &sends(&server, None, &resend).await["data"]["resendActivationEmail"];
    assert_eq!(refused["errors"]["email"][0]["code"], "already_verified");
    let forgotten =
        format!("mutation {{ sendPasswordResetEmail( email: {email:?} ) {{ success, errors }} }}");
    assert_eq!(sends(&server, None, &forgotten).await, done("sendPasswordResetEmail"));
    let link = server.last_link(email);
    let reset = format!(
        "mutation {{ passwordReset( token: {link:?}, newPassword1: \"supersecretpassword\", \
         newPassword2: \"supersecretpassword\" ) {{ success, errors }} }}"
    );
    assert_eq!(sends(&server, Some(&first), &reset).await, done("passwordReset"));

    let second = logs_in(&server, "supersecretpassword").await;
    let change = "mutation { passwordChange( oldPassword: \"supersecretpassword\", newPassword1: \"123456super\", \
        newPassword2: \"123456super\" ) { success, errors, token, refreshToken } }";
    let changed = sends(&server, Some(&second), change).await["data"]["passwordChange"].take();
    assert_eq!(changed["success"], true);
    let third = changed["token"].as_str().expect("a token");

    let me = "query { me { username email firstName lastName isRepresentative verified workingGroup { id name nEmployees \
        institution { name city state country } field { field subfield } } } }";
    let expected = json!({ "data": { "me": {
        "username": "lisalou", "email": email, "firstName": "Louise", "lastName": "", "isRepresentative": false,
        "verified": true, "workingGroup": null
    } } });
    assert_eq!(sends(&server, Some(third), me).await, expected);
    let users = "query { users { edges { node { username email } } } }";
    let expected =
        json!({ "data": { "users": { "edges": [{ "node": { "username": "lisalou", "email": email } }] } } });
    assert_eq!(sends(&server, Some(third), users).await, expected);
    assert_eq!(server.mails().len(), 2, "an activation and a reset");
}

async fn logs_in(server: &TestServer, password: &str) -> String {
    let query = format!(
        "mutation {{ tokenAuth ( email: \"test@pledge4future.org\" password: {password:?} ) \
         {{ success errors token refreshToken user {{ username firstName email isRepresentative }} }} }}"
    );
    let payload = sends(server, None, &query).await["data"]["tokenAuth"].take();
    assert_eq!(payload["success"], true, "{payload}");
    assert_eq!(payload["user"]["username"], "lisalou");
    assert_eq!(payload["user"]["isRepresentative"], false);
    assert_eq!(payload["refreshToken"].as_str().map(str::len), Some(40));
    payload["token"].as_str().expect("a token").to_owned()
}
