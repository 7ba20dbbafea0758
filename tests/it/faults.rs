//! What the server does when something below it fails: the disk, the database, the mail transport, the clock.

use std::process::Command;

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::person::PASSWORD;
use crate::program::{Serving, Site};

/// Files cannot grow beyond two megabytes, which to SQLite is a full disk. The number is of blocks of 512 bytes.
const SMALL_DISK: &str = "trap '' XFSZ; ulimit -S -f 4096";

fn site() -> Site {
    Site::with_settings("accounts.login_unverified = true\n[mail]\ntransport = \"file\"\n")
}

async fn send(server: &Serving, token: &str, query: &str) -> Response {
    let request = Client::new().post(server.endpoint()).header("Authorization", format!("JWT {token}"));
    request.json(&json!({ "query": query })).send().await.expect("an answer")
}

fn register(name: &str) -> String {
    format!(
        "mutation {{ register(email: \"{name}@example.org\", password1: {PASSWORD:?}, \
         password2: {PASSWORD:?}) {{ success errors token }} }}"
    )
}

async fn body(reply: Response) -> Value {
    reply.json().await.expect("JSON")
}

#[tokio::test]
async fn on_a_full_disk_reads_go_on_and_writes_are_refused_until_there_is_room() {
    let site = site();
    let server = site.serve_after(SMALL_DISK);
    let first = body(send(&server, "", &register("ada")).await).await;
    let token = first["data"]["register"]["token"].as_str().expect("a token").to_owned();

    let mut registered = 1;
    let refused = loop {
        let reply = send(&server, &token, &register(&format!("person{registered}"))).await;
        if reply.status() != 200 {
            break reply;
        }
        assert_eq!(body(reply).await["data"]["register"]["success"], true);
        registered += 1;
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "30");
    let errors = body(refused).await["errors"].clone();
    assert_eq!(errors[0]["message"], "Nothing can be saved at the moment. Please try again later.");

    let who = || async { body(send(&server, &token, "{ me { email } }").await).await };
    assert_eq!(who().await["data"]["me"]["email"], "ada@example.org");
    let sound = format!("accounts: {registered},");
    assert!(site.run(["verify"]).done().contains(&sound), "the one that was refused is not there");

    let room = Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &server.process()]).status();
    assert!(room.expect("prlimit runs").success());
    let after = body(send(&server, &token, &register("after")).await).await;
    assert_eq!(after["data"]["register"]["success"], true, "{after}");
    assert_eq!(who().await["data"]["me"]["email"], "ada@example.org");
    let end = server.terminate();
    assert_eq!(end.status, Some(0));
    assert!(end.stderr.contains("the database cannot be used"), "{}", end.stderr);
    assert!(site.run(["verify"]).done().contains(&format!("accounts: {},", registered + 1)));
}
