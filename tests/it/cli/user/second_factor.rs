//! `user second-factor`.

use serde_json::Value;

use crate::support::person::{PASSWORD, assert_done, assert_refused_with};
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn an_operator_reads_the_second_factors_of_an_account() {
    let server = TestServer::start("mail.notices = false\n").await;
    let site = server.operator();
    let show = |name: &str| site.run(["user", "second-factor", name]);
    let refused = show("ada").refused(1);
    assert!(refused.contains("no account has the address, username or id \"ada\""), "{refused}");
    let ada = server.sign_up("ada").await;
    assert_eq!(show("ada").done(), "ada@example.org has no second factor.\n");

    let owner = server.add_app(ada).await;
    server.add_passkey(&owner.person, &mut SecurityKey::new(), "a\nkey").await;
    server.advance(std::time::Duration::from_hours(1));
    owner.log_in(&server).await;
    assert_done(&owner.log_in_with(&server, &owner.recovery_codes[0]).await);
    let expected = "authenticator app: added 2026-03-01T12:00:00+00:00, last used 2026-03-01T13:00:30+00:00\n\
         passkey \"a key\": added 2026-03-01T12:00:00+00:00, never used\n\
         recovery codes left: 9\n";
    for name in ["ada", "ada@example.org", "1"] {
        assert_eq!(show(name).done(), expected);
    }
}

#[tokio::test]
async fn an_operator_removes_all_second_factors_of_an_account() {
    let server = TestServer::start("mail.notices = false\n").await;
    let site = server.operator();
    let owner = server.sign_up_with_app("ada").await;
    let bo = server.sign_up_with_app("bo").await;
    let mut key = SecurityKey::new();
    server.add_passkey(&owner.person, &mut key, "a key").await;
    let remove = ["user", "second-factor", "ada", "--remove"];
    assert_eq!(site.run(remove).done(), "second factors of ada@example.org removed, all sessions ended\n");
    for table in ["authenticators", "recovery_codes", "passkeys"] {
        let of_ada = server.database().query(&format!("SELECT * FROM {table} WHERE account_id = 1"));
        assert!(of_ada.is_empty(), "{table}: {of_ada:?}");
    }
    assert_eq!(owner.person.me(&server).await, Value::Null);
    assert_refused_with(&server.refresh(&owner.person.refresh_token).await, "invalid_token");
    assert_refused_with(&server.log_in_with_passkey(&mut key).await, "unknown_passkey");
    server.log_in(&owner.person.email, PASSWORD).await;
    let removed = "1 second_factors_removed operator".to_owned();
    assert_eq!(server.audit_lines().iter().filter(|line| **line == removed).count(), 1);

    assert_eq!(site.run(remove).done(), "ada@example.org has no second factor\n");
    assert_eq!(server.audit_lines().iter().filter(|line| **line == removed).count(), 1);
    bo.log_in(&server).await;

    // The program has another clock than the test.
    server.database().execute("UPDATE outbox SET due_at = 0");
    let mails = server.mails_to(&owner.person.email);
    let text = &mails.last().expect("a mail").text;
    assert!(text.contains("An operator removed all second factors of your account."), "{text}");
}
