//! Failures of the disk, the database and the clock. `outbox.rs` and `mail/smtp` test failures of mail, and
//! `tests/endurance` kills the server under load and at every write.

use std::process::Command;
use std::time::Duration;

use reqwest::{Client, Response};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::disk::Disk;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::support::mutation::{register, update_first_name};
use crate::support::person::{PASSWORD, assert_done, assert_refused_with};
use crate::support::program::{Serving, Site};
use crate::support::server::TestServer;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Limits files to 4096 blocks of 512 bytes. SQLite takes that for a full disk.
const SMALL_DISK: &str = "trap '' XFSZ; ulimit -S -f 4096";

fn site() -> Site {
    Site::with_settings("accounts.login_unverified = true\n[mail]\ntransport = \"file\"\n")
}

async fn send(server: &Serving, token: &str, body: &Value) -> Response {
    let request = Client::new().post(server.endpoint()).header("Authorization", format!("JWT {token}"));
    request.json(body).send().await.expect("a reply")
}

fn registration(name: &str) -> Value {
    register(&format!("{name}@example.org"), PASSWORD).select("success errors token").body()
}

fn me() -> Value {
    json!({ "query": "{ me { email } }" })
}

async fn body(reply: Response) -> Value {
    reply.json().await.expect("JSON")
}

#[tokio::test]
async fn with_a_full_disk_reads_continue_and_writes_are_refused() {
    let site = site();
    let server = site.serve_after(SMALL_DISK);
    let first = body(send(&server, "", &registration("ada")).await).await;
    let token = first["data"]["payload"]["token"].as_str().expect("a token").to_owned();

    let mut registered = 1;
    let refused = loop {
        let reply = send(&server, &token, &registration(&format!("person{registered}"))).await;
        if reply.status() != 200 {
            break reply;
        }
        assert_eq!(body(reply).await["data"]["payload"]["success"], true);
        registered += 1;
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "30");
    let errors = body(refused).await["errors"].clone();
    assert_eq!(errors[0]["message"], "Nothing can be saved at the moment. Please try again later.");

    let who = || async { body(send(&server, &token, &me()).await).await };
    assert_eq!(who().await["data"]["me"]["email"], "ada@example.org");
    let sound = format!("accounts: {registered},");
    assert!(site.run(["verify"]).done().contains(&sound), "a refused account is stored");

    let room = Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &server.process_id()]).status();
    assert!(room.expect("prlimit runs").success());
    let after = body(send(&server, &token, &registration("after")).await).await;
    assert_eq!(after["data"]["payload"]["success"], true, "{after}");
    assert_eq!(who().await["data"]["me"]["email"], "ada@example.org");
    let end = server.terminate();
    assert_eq!(end.status, Some(0));
    assert!(end.stderr.contains("the database cannot be used"), "{}", end.stderr);
    assert!(site.run(["verify"]).done().contains(&format!("accounts: {},", registered + 1)));
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn with_a_failing_disk_reads_continue_and_writes_are_refused() {
    let site = site();
    let disk = Disk::of(&site);
    let server = site.serve_after(&disk.line());
    let first = body(send(&server, "", &registration("ada")).await).await;
    let token = first["data"]["payload"]["token"].as_str().expect("a token").to_owned();

    disk.break_down();
    for _ in 0..2 {
        let refused = send(&server, &token, &registration("bo")).await;
        assert_eq!(
            (refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()),
            (503, &b"30"[..])
        );
        let errors = body(refused).await["errors"].clone();
        assert_eq!(errors[0]["message"], "Nothing can be saved at the moment. Please try again later.");
    }
    let me = body(send(&server, &token, &me()).await).await;
    assert_eq!(me["data"]["me"]["email"], "ada@example.org");

    disk.repair();
    let after = body(send(&server, &token, &registration("bo")).await).await;
    assert_eq!(after["data"]["payload"]["success"], true, "{after}");
    let end = server.terminate();
    assert_eq!(end.status, Some(0));
    assert!(end.stderr.contains("the database cannot be used"), "{}", end.stderr);
    assert!(site.run(["verify"]).done().contains("accounts: 2,"));
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn with_a_commit_that_fails_all_of_its_writes_are_refused() {
    let settings = "accounts.login_unverified = true\nmetrics.enabled = true\n[mail]\ntransport = \"file\"\n";
    let site = Site::with_settings(settings);
    let disk = Disk::of(&site);
    let server = site.serve_after(&disk.line());
    let first = body(send(&server, "", &registration("ada")).await).await;
    let token = first["data"]["payload"]["token"].as_str().expect("a token").to_owned();
    site.run(["user", "verify", "1"]).done();
    let other = Connection::open(site.path("data/auth.sqlite3")).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let update = async |name: &str| send(&server, &token, &update_first_name(name).body()).await.status();
    let fail = async {
        let metrics = || async {
            let page =
                reqwest::get(server.endpoint().replace("/graphql", "/metrics")).await.expect("a reply");
            page.text().await.expect("metrics")
        };
        // One update waits for the lock, and the others for this one.
        while !metrics().await.contains("p4f_auth_writes_waiting 2") {
            tokio::task::yield_now().await;
        }
        disk.break_down();
        other.execute_batch("ROLLBACK").expect("the end of the transaction");
    };
    let updates = async { tokio::join!(update("Ada"), update("Bo"), update("Cy")) };
    let ((), (ada, bo, cy)) = tokio::join!(fail, updates);
    assert_eq!((ada.as_u16(), bo.as_u16(), cy.as_u16()), (503, 503, 503));

    disk.repair();
    let me = json!({ "query": "{ me { firstName } }" });
    assert_eq!(body(send(&server, &token, &me).await).await["data"]["me"]["firstName"], "");
    assert_eq!(update("Ada").await, 200);
    assert_eq!(body(send(&server, &token, &me).await).await["data"]["me"]["firstName"], "Ada");
    assert_eq!(server.terminate().status, Some(0));
}

#[tokio::test]
async fn with_a_locked_database_reads_continue_and_writes_are_refused() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let other = Connection::open(server.data().join("auth.sqlite3")).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("the write lock");
    let update = update_first_name("Louise").body();
    let update = || {
        let request = server.graphql(&update);
        request.header("Authorization", format!("JWT {}", ada.token)).send()
    };
    // More than the server runs at a time.
    let updates: Vec<_> = (0..60).map(|_| tokio::spawn(update())).collect();
    for _ in 0..3 {
        assert_eq!(ada.me(&server).await["username"], "ada");
    }
    assert!(!updates.iter().any(tokio::task::JoinHandle::is_finished), "reads waited for writes");
    let (refused, _, _) = futures_util::future::select_all(updates).await;
    let refused = refused.expect("a request").expect("a reply");
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].as_bytes()), (503, &b"30"[..]));
    assert!(!refused.text().await.expect("a string").contains("lock"), "the reply mentions the lock");
    other.execute_batch("COMMIT").expect("the end of the transaction");
    assert_eq!(update().await.expect("a reply").status(), 200);
    assert_eq!(ada.me(&server).await["firstName"], "Louise");
}

#[tokio::test]
async fn a_clock_set_back_by_minutes_resets_no_limit_and_locks_nobody_out() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    for attempt in 0..6 {
        if attempt == 1 {
            // As at another server, whose clock is behind.
            server.set_back(2 * MINUTE);
        }
        let refused = server.try_log_in(&ada.email, "wrong").await;
        assert_refused_with(&refused, "invalid_credentials");
    }
    server.set_back(2 * MINUTE);
    let refused = server.try_log_in(&ada.email, PASSWORD).await;
    assert_refused_with(&refused, "too_many_attempts");
    server.advance(5 * MINUTE);
    server.log_in(&ada.email, PASSWORD).await;
}

#[tokio::test]
async fn a_clock_that_jumps_by_an_hour_locks_nobody_out() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    for _ in 0..6 {
        let refused = server.try_log_in(&ada.email, "wrong").await;
        assert_refused_with(&refused, "invalid_credentials");
    }
    let refused = server.try_log_in(&ada.email, PASSWORD).await;
    assert_refused_with(&refused, "too_many_attempts");

    server.set_back(HOUR);
    let later = server.log_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.me(&server).await["username"], "ada", "a token from the future is refused");
    assert_done(&server.refresh(&ada.refresh_token).await);
    server.register("bo").await;
    let link = server.request_reset(&ada.email).await;

    server.advance(2 * HOUR);
    assert_eq!(later.me(&server).await["username"], "ada");
    assert_eq!(server.reset_password(&link, PASSWORD).await["success"], false, "the expired link is valid");
    assert_done(&server.refresh(&later.refresh_token).await);
    server.set_back(HOUR);
    server.log_in(&ada.email, PASSWORD).await;
    assert_eq!(server.mails_to("bo@example.org").len(), 1);
}
