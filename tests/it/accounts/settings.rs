//! What the settings change: who logs in with what, how accounts begin and end, which words mails have.

use serde_json::{Value, json};

use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::server::TestServer;

fn login(name: &str, value: &str) -> String {
    format!("tokenAuth({name}: {value:?}, password: {PASSWORD:?}) {{ success errors token }}")
}

#[tokio::test]
async fn a_username_logs_in_where_the_settings_say_so_and_is_unknown_elsewhere() {
    let both = TestServer::start("accounts.login_fields = [\"email\", \"username\"]\n").await;
    both.verifies("ada").await;
    assert_done(&both.mutate(None, &login("username", "ada")).await);
    assert_done(&both.mutate(None, &login("email", "ada@example.org")).await);
    assert_refused(
        &both.mutate(None, &login("username", "ADA")).await,
        "nonFieldErrors",
        "invalid_credentials",
    );

    let one = TestServer::start("accounts.login_fields = [\"username\"]\n").await;
    one.verifies("ada").await;
    assert_done(&one.mutate(None, &login("username", "ada")).await);
    let query = format!("mutation {{ {} }}", login("email", "ada@example.org"));
    let answer = one.send(None, &query, json!({})).await;
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
async fn a_secondary_address_does_not_log_in_where_the_settings_forbid_it() {
    let server =
        TestServer::start("mail.notices = false\naccounts.login_with_secondary_email = false\n").await;
    let ada = server.joins("ada").await;
    let second = "ada@elsewhere.example";
    let wish = format!("sendSecondaryEmailActivation(email: {second:?}, password: {PASSWORD:?})");
    assert_done(&ada.does(&server, &wish).await);
    let link = server.last_link(second);
    assert_done(&server.mutate(None, &format!("verifySecondaryEmail(token: {link:?})")).await);
    assert_refused(&server.tries_to_log_in(second, PASSWORD).await, "nonFieldErrors", "invalid_credentials");
    server.logs_in(&ada.email, PASSWORD).await;
}

#[tokio::test]
async fn where_the_unverified_may_log_in_registering_begins_a_session() {
    let server = TestServer::start("accounts.login_unverified = true\n").await;
    let register = format!(
        "register(email: \"ada@example.org\", username: \"ada\", password1: {PASSWORD:?}, password2: {PASSWORD:?}) \
         {{ success errors token refreshToken }}"
    );
    let payload = server.mutate(None, &register).await;
    assert_done(&payload);
    let token = payload["token"].as_str().expect("a token");
    let me = server.ask(Some(token), "{ me { username verified } }").await;
    assert_eq!(me["me"], json!({ "username": "ada", "verified": false }));
    assert_done(&server.refreshes(payload["refreshToken"].as_str().expect("a token")).await);
    assert_refused(
        &server.mutate(Some(token), "updateAccount(firstName: \"Ada\")").await,
        "nonFieldErrors",
        "not_verified",
    );
    server.logs_in("ada@example.org", PASSWORD).await;
    assert_eq!(server.mails().len(), 1);

    let elsewhere = TestServer::start("").await;
    let answer = elsewhere.send(None, &format!("mutation {{ {register} }}"), json!({})).await;
    assert_eq!(answer.status, 400, "there are no tokens to ask for");
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(2));
    assert!(elsewhere.mails().is_empty());
}

#[tokio::test]
async fn an_account_without_a_password_gets_one_by_a_mailed_link_that_works_once() {
    let server = TestServer::start("mail.notices = false\naccounts.passwordless_registration = true\n").await;
    assert_done(&server.mutate(None, "register(email: \"ada@example.org\", username: \"ada\")").await);
    let mails = server.mails();
    assert_eq!(
        mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(),
        ["Activate your account on localhost:8000", "Set your password on localhost:8000"]
    );
    assert!(mails[1].text.contains("http://localhost:8000/password-set/eyJ"));
    for password in ["", PASSWORD] {
        let payload = server.tries_to_log_in("ada@example.org", password).await;
        assert_refused(&payload, "nonFieldErrors", "invalid_credentials");
    }

    let link = server.last_link("ada@example.org");
    let set = |password: &str| {
        format!("passwordSet(token: {link:?}, newPassword1: {password:?}, newPassword2: {password:?})")
    };
    assert_refused(&server.resets(&link, PASSWORD).await, "nonFieldErrors", "invalid_token");
    assert_refused(
        &server.mutate(None, &set("40718263955")).await,
        "newPassword2",
        "password_entirely_numeric",
    );
    assert_done(&server.mutate(None, &set(PASSWORD)).await);
    assert_refused(
        &server.mutate(None, &set(OTHER_PASSWORD)).await,
        "nonFieldErrors",
        "password_already_set",
    );
    let person = server.logs_in("ada@example.org", PASSWORD).await;
    assert_eq!(person.me(&server).await["verified"], true);
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn deactivating_in_place_of_erasing_keeps_the_address_and_ends_every_token() {
    let server = TestServer::start("mail.notices = false\naccounts.delete = \"deactivate\"\n").await;
    let ada = server.joins("ada").await;
    let bo = server.joins("bo").await;
    assert_done(&ada.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);
    assert_eq!(ada.me(&server).await, Value::Null);
    assert_refused(&server.refreshes(&ada.refresh_token).await, "nonFieldErrors", "invalid_token");
    assert_refused(
        &server.tries_to_log_in(&ada.email, PASSWORD).await,
        "nonFieldErrors",
        "invalid_credentials",
    );
    let register =
        format!("register(email: {:?}, password1: {PASSWORD:?}, password2: {PASSWORD:?})", ada.email);
    assert_refused(&server.mutate(None, &register).await, "email", "unique");
    let listed =
        server.ask(Some(&bo.token), "{ users(isActive: false) { edges { node { username } } } }").await;
    assert_eq!(listed["users"]["edges"], json!([{ "node": { "username": "ada" } }]));
    assert_eq!(bo.me(&server).await["username"], "bo");
}

#[tokio::test]
async fn what_may_not_be_updated_is_hidden_and_unknown() {
    let server = TestServer::start("accounts.update_fields = [\"first_name\"]\n").await;
    let ada = server.joins("ada").await;
    let query = "mutation { updateAccount(firstName: \"Ada\", lastName: \"Byron\") { success } }";
    assert_eq!(server.send(Some(&ada.token), query, json!({})).await.status, 400);
    assert_eq!(ada.me(&server).await["firstName"], "", "nothing of it was done");
    assert_done(&ada.does(&server, "updateAccount(firstName: \"Ada\")").await);

    let arguments = "{ __type(name: \"Mutation\") { fields { name args { name } } } }";
    let data = server.ask(None, arguments).await;
    let fields = data["__type"]["fields"].as_array().expect("fields");
    let update = fields.iter().find(|field| field["name"] == "updateAccount").expect("updateAccount");
    assert_eq!(update["args"], json!([{ "name": "firstName" }]));
}

#[tokio::test]
async fn who_registers_gets_no_mail_where_the_settings_say_so() {
    let server = TestServer::start("mail.activation = false\n").await;
    let register =
        format!("register(email: \"ada@example.org\", password1: {PASSWORD:?}, password2: {PASSWORD:?})");
    assert_done(&server.mutate(None, &register).await);
    assert!(server.mails().is_empty());
    assert_done(&server.mutate(None, "resendActivationEmail(email: \"ada@example.org\")").await);
    assert_eq!(server.mails().len(), 1, "who asks gets one");
}

#[tokio::test]
async fn a_site_words_its_mails_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a template");
    write("activation.subject.txt", "Welcome, {{ name }}");
    write("activation.txt", "Call {{ phone }} or follow {{ link }}");
    let settings = format!("mail.templates = {:?}\nmail.variables = {{ phone = \"1234\" }}\n", folder.path());
    let server = TestServer::start(&settings).await;
    server.registers("ada").await;
    let mail = &server.mails()[0];
    assert_eq!(mail.subject, "Welcome, ada");
    assert!(mail.text.starts_with("Call 1234 or follow http://localhost:8000/activate/eyJ"), "{}", mail.text);
    assert!(mail.text.contains("Hello ada!"), "the HTML is the built-in one");

    for broken in ["Call {{ fax }}", "{% if %}"] {
        write("activation.txt", broken);
        let data = folder.path().join("data");
        let text = format!("data_dir = {data:?}\nmail.templates = {:?}\n", folder.path());
        let config = pledge4future_auth::config::load_text(&text).expect("good settings").config;
        let refused = pledge4future_auth::mail::Mailer::new(&config).err().expect("a refusal");
        assert!(format!("{refused:#}").contains("activation.txt"), "{refused:#}");
        let names_it = format!("{refused:#}")
            .contains("uses the unknown variable fax; add it to mail.variables, or use one of site_name,");
        assert_eq!(names_it, broken.contains("fax"), "{refused:#}");
    }
}

#[tokio::test]
async fn the_relay_flavour_does_the_same_and_gives_the_clients_text_back() {
    let server = TestServer::start("").await;
    let ask = async |token: Option<&str>, query: &str, input: Value| {
        let mut request = server.raw(reqwest::Method::POST, "/relay");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body = json!({ "query": query, "variables": { "input": input } });
        let answer: Value = request.json(&body).send().await.expect("an answer").json().await.expect("JSON");
        answer
    };
    let register =
        "mutation ($input: RegisterInput!) { register(input: $input) { success errors clientMutationId } }";
    let person = json!({ "email": "ada@example.org", "password1": PASSWORD, "password2": PASSWORD, "clientMutationId": "1" });
    let answer = ask(None, register, person.clone()).await;
    assert_eq!(
        answer["data"]["register"],
        json!({ "success": true, "errors": null, "clientMutationId": "1" })
    );
    let answer = ask(None, register, person).await;
    assert_refused(&answer["data"]["register"], "email", "unique");
    assert_eq!(answer["data"]["register"]["clientMutationId"], "1", "also where it was refused");
    let link = server.last_link("ada@example.org");
    let verify = "mutation ($input: VerifyAccountInput!) { verifyAccount(input: $input) { success clientMutationId } }";
    let answer = ask(None, verify, json!({ "token": link })).await;
    assert_eq!(answer["data"]["verifyAccount"], json!({ "success": true, "clientMutationId": null }));

    let login =
        "mutation ($input: ObtainJSONWebTokenInput!) { tokenAuth(input: $input) { token clientMutationId } }";
    let credentials = json!({ "email": "ada@example.org", "password": PASSWORD, "clientMutationId": "2" });
    let answer = ask(None, login, credentials.clone()).await;
    assert_eq!(answer["data"]["tokenAuth"]["clientMutationId"], "2");
    let token = answer["data"]["tokenAuth"]["token"].as_str().expect("a token");
    let me = ask(Some(token), "{ me { email } }", Value::Null).await;
    assert_eq!(me["data"]["me"]["email"], "ada@example.org");

    let twice = "mutation ($input: ObtainJSONWebTokenInput!) { a: tokenAuth(input: $input) { token } b: tokenAuth(input: $input) { token } }";
    assert!(
        ask(None, twice, credentials).await.get("data").is_none(),
        "one password a request, here as well"
    );
    let turned_off = json!({ "username": "ada", "password": PASSWORD });
    let answer = ask(None, login, turned_off).await;
    assert!(answer.get("data").is_none(), "username does not log in here");
    let sentence = "Invalid value for argument \"input\", unknown field \"username\" of type \"ObtainJSONWebTokenInput\"";
    assert_eq!(answer["errors"][0]["message"], sentence);
    assert_eq!(server.mails().len(), 1);

    let without = TestServer::start("graphql.relay = false\n").await;
    let reply = without
        .raw(reqwest::Method::POST, "/relay")
        .json(&json!({ "query": "{ me { email } }" }))
        .send()
        .await;
    assert_eq!(reply.expect("an answer").status(), 404);
}

#[tokio::test]
async fn what_is_turned_off_cannot_be_had_by_the_relay_flavour_however_it_is_written() {
    let server = TestServer::start("accounts.register_optional = []\n").await;
    let person = format!("email: \"ada@example.org\", password1: {PASSWORD:?}, password2: {PASSWORD:?}");
    for query in [
        format!("mutation {{ register(input: {{ {person}, firstName: \"A\" }}) {{ success }} }}"),
        format!(
            "mutation ($x: String) {{ register(input: {{ {person}, firstName: \"A\", clientMutationId: $x }}) {{ success }} }}"
        ),
        format!("mutation ($x: String) {{ register(input: {{ {person}, firstName: $x }}) {{ success }} }}"),
        format!(
            "mutation ($i: RegisterInput! = {{ {person}, firstName: \"A\" }}) {{ register(input: $i) {{ success }} }}"
        ),
        format!(
            "mutation {{ ...F }} fragment F on Mutation {{ register(input: {{ {person}, firstName: \"A\" }}) {{ success }} }}"
        ),
        format!(
            "mutation {{ register(input: {{ {person} }}) {{ ...P }} }} fragment P on RegisterPayload {{ success token }}"
        ),
    ] {
        let request = server.raw(reqwest::Method::POST, "/relay/").json(&json!({ "query": query }));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{query}");
    }
    assert!(server.mails().is_empty(), "nobody was registered");
}
