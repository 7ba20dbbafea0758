//! The examples for second factors in `docs/clients.md`.

use regex::Regex;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::mutation::mutation;
use crate::support::person::{PASSWORD, Person, assert_done};
use crate::support::phone::Phone;
use crate::support::server::TestServer;

const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/clients.md"));

/// Returns the first block of a language in the chapter about second factors.
fn block(language: &str) -> &'static str {
    let (_, chapter) = DOCUMENT.split_once("\n## Second factors\n").expect("the chapter");
    let pattern = Regex::new(&format!("(?s)\n```{language}\n(.*?)```")).expect("a pattern");
    pattern.captures(chapter).expect("a block").get(1).expect("its text").as_str()
}

async fn set_up_app(server: &TestServer, person: &Person) {
    let set_up = mutation("setUpSecondFactor", json!({ "password": PASSWORD }));
    let payload = person.mutate(server, &set_up.select("success errors otpauthUri")).await;
    let phone = Phone::scan(payload["otpauthUri"].as_str().expect("an address"));
    let confirm = mutation("confirmSecondFactor", json!({ "code": phone.code_at(server.now_seconds()) }));
    assert_done(&person.mutate(server, &confirm).await);
}

/// Returns how the owner of an access token has logged in.
async fn methods(server: &TestServer, reply: &Value) -> Value {
    let verify = mutation("verifyToken", json!({ "token": reply["token"] })).select("success errors payload");
    server.mutate(None, &verify).await["payload"]["amr"].take()
}

#[tokio::test]
async fn a_login_without_a_code_gets_the_documented_reply() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    set_up_app(&server, &ada).await;
    let query =
        block("graphql").replace("test@pledge4future.org", &ada.email).replace("123456super", PASSWORD);
    let reply = server.send(None, &query, json!({})).await.body;
    let mut documented: Value = serde_json::from_str(block("json")).expect("JSON");
    let challenge = &reply["data"]["tokenAuth"]["challenge"];
    assert!(challenge.is_string(), "{reply}");
    documented["data"]["tokenAuth"]["challenge"] = challenge.clone();
    assert_eq!(reply, documented);
    server.ignore_mail();
}

#[tokio::test]
async fn the_documented_functions_log_in_with_passkeys_in_a_browser() {
    let server = TestServer::start("").await;
    let Some(browser) = Browser::start_on_localhost(&server).await else { return };
    let ada = server.sign_up("ada").await;
    browser.add_authenticator().await;
    // A page that may send requests to the API.
    browser.open(&server, "/graphql").await;
    let functions = block("js").replace("export ", "");
    let script = format!(
        "const [token, email, password, done] = arguments;
        {functions}
        async function run() {{
            const added = await addPasskey(token, password, null, 'My laptop');
            const second = await logIn(email, password, async () => null);
            const alone = await logInWithPasskey();
            const answers = ['a wrong code', added.recoveryCodes[0]];
            const code = await logIn(email, password, async () => answers.shift());
            return {{ added, second, alone, code }};
        }}
        run().then(done, (error) => done(String(error)));"
    );
    let arguments = [&ada.token, &ada.email, PASSWORD].map(|text| json!(text)).to_vec();
    let replies = browser.client.execute_async(&script, arguments).await.expect("a result");
    assert_eq!(replies["added"]["passkey"]["name"], "My laptop", "{replies}");
    assert_eq!(methods(&server, &replies["second"]).await, json!(["pwd", "pop", "mfa"]));
    assert_eq!(methods(&server, &replies["alone"]).await, json!(["pop", "mfa"]));
    assert_eq!(methods(&server, &replies["code"]).await, json!(["pwd", "otp", "mfa"]));
    server.ignore_mail();
}
