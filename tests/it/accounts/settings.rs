//! Settings that change the rules of accounts.

use serde_json::{Value, json};

use crate::support::mutation::{
    Mutation, delete_account, mutation, register, resend_activation, set_password, update_first_name,
};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::server::TestServer;

fn log_in_with(name: &str, value: &str) -> Mutation {
    mutation("tokenAuth", json!({ "password": PASSWORD })).with(name, value)
}

#[tokio::test]
async fn usernames_log_in_only_if_the_settings_allow_it() {
    let both = TestServer::start("accounts.login_fields = [\"email\", \"username\"]\n").await;
    both.register_verified("ada").await;
    assert_done(&both.mutate(None, &log_in_with("username", "ada")).await);
    assert_done(&both.mutate(None, &log_in_with("email", "ada@example.org")).await);
    assert_refused_with(&both.mutate(None, &log_in_with("username", "ADA")).await, "invalid_credentials");

    let one = TestServer::start("accounts.login_fields = [\"username\"]\n").await;
    one.register_verified("ada").await;
    assert_done(&one.mutate(None, &log_in_with("username", "ada")).await);
    let log_in = log_in_with("email", "ada@example.org");
    let answer = one.send(None, &log_in.document(), log_in.variables()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body["errors"][0]["message"],
        "Unknown argument \"email\" on field \"tokenAuth\" of type \"Mutation\"."
    );
    for server in [both, one] {
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_secondary_address_cannot_log_in_if_the_settings_forbid_it() {
    let server =
        TestServer::start("mail.notices = false\naccounts.login_with_secondary_email = false\n").await;
    let ada = server.sign_up("ada").await;
    let second = "ada@elsewhere.example";
    ada.add_secondary_email(&server, second).await;
    assert_refused_with(&server.try_log_in(second, PASSWORD).await, "invalid_credentials");
    server.log_in(&ada.email, PASSWORD).await;
}

#[tokio::test]
async fn registration_starts_a_session_if_unverified_logins_are_allowed() {
    let server = TestServer::start("accounts.login_unverified = true\n").await;
    let register = register("ada@example.org", PASSWORD)
        .with("username", "ada")
        .select("success errors token refreshToken");
    let payload = server.mutate(None, &register).await;
    assert_done(&payload);
    let token = payload["token"].as_str().expect("a token");
    let me = server.query(Some(token), "{ me { username verified } }").await;
    assert_eq!(me["me"], json!({ "username": "ada", "verified": false }));
    assert_done(&server.refresh(payload["refreshToken"].as_str().expect("a token")).await);
    assert_refused_with(&server.mutate(Some(token), &update_first_name("Ada")).await, "not_verified");
    server.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(server.mails().len(), 1);

    let elsewhere = TestServer::start("").await;
    let answer = elsewhere.send(None, &register.document(), register.variables()).await;
    assert_eq!(answer.status, 400, "the payload has token fields");
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(2));
    assert!(elsewhere.mails().is_empty());
}

#[tokio::test]
async fn an_account_without_a_password_sets_one_by_a_mailed_link() {
    let server = TestServer::start("mail.notices = false\naccounts.passwordless_registration = true\n").await;
    assert_done(
        &server
            .mutate(None, &mutation("register", json!({ "email": "ada@example.org", "username": "ada" })))
            .await,
    );
    let mails = server.mails();
    assert_eq!(
        mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(),
        ["Activate your account on localhost:8000", "Set your password on localhost:8000"]
    );
    assert!(mails[1].text.contains("http://localhost:8000/password-set/eyJ"));
    for password in ["", PASSWORD] {
        let payload = server.try_log_in("ada@example.org", password).await;
        assert_refused_with(&payload, "invalid_credentials");
    }

    let link = server.mailed_token("ada@example.org");
    assert_refused_with(&server.reset_password(&link, PASSWORD).await, "invalid_token");
    assert_refused(
        &server.mutate(None, &set_password(&link, "40718263955")).await,
        "newPassword2",
        "password_entirely_numeric",
    );
    assert_done(&server.mutate(None, &set_password(&link, PASSWORD)).await);
    assert_refused_with(
        &server.mutate(None, &set_password(&link, OTHER_PASSWORD)).await,
        "password_already_set",
    );
    let person = server.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(person.me(&server).await["verified"], true);
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn deactivation_instead_of_deletion_keeps_the_address_and_ends_sessions() {
    let server = TestServer::start("mail.notices = false\naccounts.delete = \"deactivate\"\n").await;
    let ada = server.sign_up("ada").await;
    let bo = server.sign_up("bo").await;
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);
    assert_eq!(ada.me(&server).await, Value::Null);
    assert_refused_with(&server.refresh(&ada.refresh_token).await, "invalid_token");
    assert_refused_with(&server.try_log_in(&ada.email, PASSWORD).await, "invalid_credentials");
    assert_refused(&server.mutate(None, &register(&ada.email, PASSWORD)).await, "email", "unique");
    let listed =
        server.query(Some(&bo.token), "{ users(isActive: false) { edges { node { username } } } }").await;
    assert_eq!(listed["users"]["edges"], json!([{ "node": { "username": "ada" } }]));
    assert_eq!(bo.me(&server).await["username"], "bo");
}

#[tokio::test]
async fn arguments_of_fields_that_cannot_be_updated_do_not_exist() {
    let server = TestServer::start("accounts.update_fields = [\"first_name\"]\n").await;
    let ada = server.sign_up("ada").await;
    let query = "mutation { updateAccount(firstName: \"Ada\", lastName: \"Byron\") { success } }";
    assert_eq!(server.send(Some(&ada.token), query, json!({})).await.status, 400);
    assert_eq!(ada.me(&server).await["firstName"], "", "a part of it was done");
    assert_done(&ada.mutate(&server, &update_first_name("Ada")).await);

    let arguments = "{ __type(name: \"Mutation\") { fields { name args { name } } } }";
    let data = server.query(None, arguments).await;
    let fields = data["__type"]["fields"].as_array().expect("fields");
    let update = fields.iter().find(|field| field["name"] == "updateAccount").expect("updateAccount");
    assert_eq!(update["args"], json!([{ "name": "firstName" }, { "name": "language" }]));
}

#[tokio::test]
async fn activation_mails_can_be_turned_off() {
    let server = TestServer::start("mail.activation = false\n").await;
    assert_done(&server.mutate(None, &register("ada@example.org", PASSWORD)).await);
    assert!(server.mails().is_empty());
    assert_done(&server.mutate(None, &resend_activation("ada@example.org")).await);
    assert_eq!(server.mails().len(), 1, "a requested mail was not sent");
}
