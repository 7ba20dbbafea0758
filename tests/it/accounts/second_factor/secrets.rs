//! How the secrets of second factors are stored.

use rusqlite::types::Value;

use super::QUIET;
use crate::support::mutation::log_in;
use crate::support::person::{PASSWORD, assert_done, assert_refused, assert_refused_with};
use crate::support::phone::Phone;
use crate::support::program::Site;
use crate::support::second_factor::{
    STEP, assert_no_tokens, confirm_second_factor, log_in_with_code, recovery_codes, set_up_second_factor,
};
use crate::support::server::TestServer;

#[tokio::test]
async fn secrets_of_apps_and_recovery_codes_are_not_stored_in_clear() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let payload = ada.mutate(&server, &set_up_second_factor(PASSWORD)).await;
    let base32 = payload["secret"].as_str().expect("a secret").to_owned();
    let phone = Phone::scan(payload["otpauthUri"].as_str().expect("an address"));
    let pending = server.rows();
    let confirm = confirm_second_factor(&server.code(&phone));
    let codes = recovery_codes(&ada.mutate(&server, &confirm).await);
    assert_done(&server.mutate(None, &log_in_with_code(&ada.email, &codes[0])).await);
    server.ignore_mail();

    let rows = [pending, server.rows()].concat();
    assert!(rows.iter().any(|row| row.starts_with("authenticators: ")), "{rows:?}");
    assert!(rows.iter().any(|row| row.starts_with("recovery_codes: ")), "{rows:?}");
    let hex: String = phone.secret().iter().map(|byte| format!("{byte:02x}")).collect();
    let decimal = format!("{:?}", phone.secret());
    let mut secrets = vec![base32, hex, decimal.trim_matches(['[', ']']).to_owned()];
    secrets.extend(codes.iter().map(|code| code.replace('-', "")));
    secrets.extend(codes);
    for secret in secrets.iter().map(|secret| secret.to_lowercase()) {
        assert!(rows.iter().all(|row| !row.to_lowercase().contains(&secret)), "{secret}");
    }
}

/// Returns the sealed secrets in the order of their accounts.
fn sealed_secrets(server: &TestServer) -> Vec<String> {
    let rows = server.database().query("SELECT sealed_secret FROM authenticators ORDER BY account_id");
    let text = |row: &Vec<Value>| match row.as_slice() {
        [Value::Text(text)] => text.clone(),
        _ => panic!("{row:?}"),
    };
    rows.iter().map(text).collect()
}

fn store_sealed(server: &TestServer, account: i64, sealed: &str) {
    let sql = format!("UPDATE authenticators SET sealed_secret = '{sealed}' WHERE account_id = {account}");
    server.database().execute(&sql);
}

#[tokio::test]
async fn a_secret_copied_to_another_account_does_not_work_there() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let bo = server.sign_up_with_app("bo").await;
    let secrets = sealed_secrets(&server);
    store_sealed(&server, 1, &secrets[1]);
    store_sealed(&server, 2, &secrets[0]);
    server.advance(STEP);
    for owner in [&ada, &bo] {
        for phone in [&ada.phone, &bo.phone] {
            let payload = owner.log_in_with(&server, &server.code(phone)).await;
            assert_refused(&payload, "code", "invalid_code");
            assert_no_tokens(&payload);
        }
        // The account is not lost.
        assert_done(&owner.log_in_with(&server, &owner.recovery_codes[0]).await);
    }
    store_sealed(&server, 1, &secrets[0]);
    assert_done(&ada.log_in_with(&server, &server.code(&ada.phone)).await);
}

#[tokio::test]
async fn a_changed_secret_does_not_work() {
    let server = TestServer::start(QUIET).await;
    let ada = server.sign_up_with_app("ada").await;
    let sealed = sealed_secrets(&server).remove(0);
    let middle = sealed.len() / 2;
    let other = if sealed[middle..].starts_with('A') { "B" } else { "A" };
    let changed = format!("{}{other}{}", &sealed[..middle], &sealed[middle + 1..]);
    server.advance(STEP);
    for broken in [changed.as_str(), "", "!", &sealed[..20]] {
        store_sealed(&server, 1, broken);
        let payload = ada.log_in_with(&server, &server.code(&ada.phone)).await;
        assert_refused(&payload, "code", "invalid_code");
        assert_no_tokens(&payload);
    }
    store_sealed(&server, 1, &sealed);
    assert_refused_with(&server.try_log_in(&ada.person.email, PASSWORD).await, "second_factor_required");
}

#[tokio::test]
async fn an_operator_helps_after_a_change_of_the_secret_key() {
    let server =
        TestServer::start("mail.notices = false\nsecret_key = \"the former secret key of this test\"\n")
            .await;
    let ada = server.sign_up_with_app("ada").await;
    server.advance(STEP);
    let site = Site::of_database(server.database());
    let serving = site.serve_with([("P4F_AUTH_SECRET_KEY", "another secret key of this test")]);
    for code in [&server.code(&ada.phone), &ada.recovery_codes[0]] {
        let login = log_in_with_code(&ada.person.email, code);
        let payload = serving.mutate(&login).await;
        assert_refused(&payload, "code", "invalid_code");
        assert_no_tokens(&payload);
    }
    let line = serving.wait_for("the authenticator app of account 1");
    assert!(line.contains("ERROR") && line.contains("user second-factor 1 --remove"), "{line}");

    let removed = site.run(["user", "second-factor", "1", "--remove"]).done();
    assert_eq!(removed, "second factors of ada@example.org removed, all sessions ended\n");
    assert_done(&serving.mutate(&log_in(&ada.person.email, PASSWORD)).await);
    serving.kill();
    // The program has another clock than the test.
    server.database().execute("UPDATE outbox SET due_at = 0");
    server.ignore_mail();
}
