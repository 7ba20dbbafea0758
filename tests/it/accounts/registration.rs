//! Who may register: everybody, some hosts or invited addresses, and the terms to agree to.

use std::time::Duration;

use futures_util::future::join_all;
use pledge4future_auth::accounts::invitations::{self, InvitationStatus};
use serde_json::{Value, json};

use crate::support::mutation::{Mutation, mutation, register, set_password};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::server::TestServer;

const INVITED: &str = "accounts.registration = \"invited\"\n";
const DOMAINS: &str = "accounts.registration = \"domains\"\n\
    accounts.registration_domains = [\"example.org\", \"*.uni.example\", \"münchen.example\"]\n";
const TERMS: &str =
    "accounts.terms.url = \"https://example.org/terms\"\naccounts.terms.version = \"2026-11-01\"\n";

fn register_with(email: &str, invitation: &str) -> Mutation {
    register(email, PASSWORD).with("invitation", invitation)
}

#[tokio::test]
async fn only_addresses_at_the_listed_hosts_may_register() {
    let server = TestServer::start(DOMAINS).await;
    for email in [
        "ada@example.org",
        "bo@EXAMPLE.ORG",
        "cleo@physics.uni.example",
        "dan@a.b.uni.example",
        "eve@xn--mnchen-3ya.example",
        "fay@MÜNCHEN.example",
    ] {
        assert_done(&server.mutate(None, &register(email, PASSWORD)).await);
    }
    let accepted = server.count_accounts();
    for email in [
        "ada@uni.example",
        "ada@notuni.example",
        "ada@sub.example.org",
        "ada@example.org.evil.example",
        "example.org@evil.example",
        "\"a@example.org\"@evil.example",
    ] {
        let payload = server.mutate(None, &register(email, PASSWORD)).await;
        assert_refused(&payload, "email", "registration_domain");
    }
    let payload = server.mutate(None, &register("nothing", PASSWORD)).await;
    assert_refused(&payload, "email", "invalid");
    assert_eq!(server.count_accounts(), accepted);
    server.ignore_mail();
}

#[tokio::test]
async fn without_an_invitation_nobody_registers_where_invitations_are_required() {
    let server = TestServer::start(INVITED).await;
    let payload = server.mutate(None, &register("ada@example.org", PASSWORD)).await;
    assert_refused(&payload, "email", "registration_by_invitation");
    assert_eq!(server.count_accounts(), 0);
    // An invitation is a token, not an entry in a list of addresses.
    server.invite("ada@example.org", None);
    let payload = server.mutate(None, &register("ada@example.org", PASSWORD)).await;
    assert_refused(&payload, "email", "registration_by_invitation");
}

#[tokio::test]
async fn an_invited_address_registers_verified_in_every_mode() {
    for settings in ["", INVITED, DOMAINS] {
        let server = TestServer::start(settings).await;
        let token = server.invite("ada@elsewhere.example", None);
        assert!(server.rows().iter().all(|row| row.starts_with("outbox") || !row.contains(&token)));
        assert_done(&server.mutate(None, &register_with("ADA@elsewhere.example", &token)).await);
        let ada = server.log_in("ada@elsewhere.example", PASSWORD).await;
        let me = ada.me(&server).await;
        assert_eq!(me["verified"], true);
        assert_eq!(me["email"], "ada@elsewhere.example", "the spelling that the link was mailed to");
        assert_eq!(server.mails().len(), 1, "a verified account got an activation mail");
        assert_eq!(server.rows_of("invitations"), [] as [String; 0]);
        let events = ["nobody invited operator", "1 registered somebody", "1 verified owner"];
        assert_eq!(server.audit_lines()[..3], events);
        assert_eq!(server.audit_lines()[3], "1 invitation_accepted owner");
    }
}

#[tokio::test]
async fn an_invitation_works_once_and_only_for_its_address() {
    let server = TestServer::start(INVITED).await;
    let token = server.invite("ada@example.org", None);
    let other = server.mutate(None, &register_with("eve@example.org", &token)).await;
    assert_refused(&other, "invitation", "invitation_of_another_address");
    for wrong in ["", "nonsense", &"0".repeat(64), &token.to_uppercase()] {
        let payload = server.mutate(None, &register_with("ada@example.org", wrong)).await;
        assert_refused(&payload, "invitation", "invalid_invitation");
    }
    let weak = register("ada@example.org", "1").with("invitation", token.as_str());
    assert_eq!(server.mutate(None, &weak).await["success"], false);
    assert_done(&server.mutate(None, &register_with("ada@example.org", &token)).await);
    let again = server.mutate(None, &register_with("ada@example.org", &token)).await;
    assert_refused(&again, "invitation", "invalid_invitation");
    assert_eq!(server.count_accounts(), 1);
}

#[tokio::test]
async fn one_of_many_concurrent_registrations_with_an_invitation_succeeds() {
    let server = TestServer::start("passwords.hashing_threads = 8\n").await;
    let token = server.invite("ada@example.org", None);
    let mutations =
        [0, 1, 2, 3].map(|n| register_with("ada@example.org", &token).with("username", format!("n{n}")));
    let payloads = join_all(mutations.iter().map(|mutation| server.mutate(None, mutation))).await;
    let (done, refused): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| payload["success"] == true);
    assert_eq!(done.len(), 1);
    for payload in refused {
        assert_refused(payload, "invitation", "invalid_invitation");
    }
    assert_eq!(server.count_accounts(), 1);
}

#[tokio::test]
async fn an_invitation_ends_after_fourteen_days_or_when_replaced() {
    let server = TestServer::start(INVITED).await;
    let (first, second) = (server.invite("ada@example.org", None), server.invite("ADA@example.org", None));
    let payload = server.mutate(None, &register_with("ada@example.org", &first)).await;
    assert_refused(&payload, "invitation", "invalid_invitation");

    server.advance(Duration::from_secs(14 * 24 * 3600 - 1));
    assert!(matches!(
        server.run(|app| invitations::status(app, &second)),
        Ok(InvitationStatus::Valid(open)) if open.email == "ADA@example.org" && !open.has_account
    ));
    server.advance(Duration::from_secs(1));
    let payload = server.mutate(None, &register_with("ada@example.org", &second)).await;
    assert_refused(&payload, "invitation", "expired_invitation");
    let status = |token: &str| server.run(|app| invitations::status(app, token).ok().expect("a status"));
    assert_eq!(status(&second), InvitationStatus::Expired);
    assert_eq!(status(&first), InvitationStatus::Unknown);
    assert_eq!(server.count_accounts(), 0);
}

#[tokio::test]
async fn an_invited_account_without_a_password_gets_a_mail_to_set_one() {
    let settings = format!("{INVITED}mail.notices = false\naccounts.passwordless_registration = true\n");
    let server = TestServer::start(&settings).await;
    let token = server.invite("ada@example.org", None);
    let register = mutation("register", json!({ "email": "ada@example.org", "invitation": token }));
    assert_done(&server.mutate(None, &register).await);
    let subjects: Vec<String> = server.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Invitation to localhost:8000", "Set your password on localhost:8000"]);
    let link = server.mailed_token("ada@example.org");
    assert_done(&server.mutate(None, &set_password(&link, PASSWORD)).await);
    let ada = server.log_in("ada@example.org", PASSWORD).await;
    assert_eq!(ada.me(&server).await["verified"], true);
}

#[tokio::test]
async fn a_client_that_may_not_register_learns_nothing_about_accounts() {
    for settings in [INVITED, DOMAINS] {
        for hides in [true, false] {
            let settings = format!("{settings}accounts.hide_existence = {hides}\nlimits.enabled = false\n");
            let server = TestServer::start(&settings).await;
            let known = "ada@elsewhere.example";
            let token = server.invite(known, None);
            assert_done(&server.mutate(None, &register_with(known, &token).with("username", "ada")).await);
            let other = server.invite("bo@elsewhere.example", None);
            let before = server.mails().len();
            let attempts: [&dyn Fn(&str) -> Mutation; 4] = [
                &|email| register(email, PASSWORD),
                &|email| register(email, "1").with("username", "ada"),
                &|email| register_with(email, "nonsense"),
                &|email| register_with(email, &other),
            ];
            for attempt in attempts {
                let of_known = server.mutate(None, &attempt(known)).await;
                let of_unknown = server.mutate(None, &attempt("eve@elsewhere.example")).await;
                assert_eq!(of_known, of_unknown);
                assert_eq!(of_known["success"], false);
                assert!(!of_known.to_string().contains("unique"), "{of_known}");
            }
            assert_eq!(server.mails().len(), before, "a refused registration sent a mail");
        }
    }
}

#[tokio::test]
async fn with_hidden_existence_allowed_hosts_get_the_same_reply() {
    let server = TestServer::start(&format!("{DOMAINS}accounts.hide_existence = true\n")).await;
    let ada = server.register_verified("ada").await;
    let known = server.mutate(None, &register(&ada, PASSWORD)).await;
    assert_eq!(known, server.mutate(None, &register("ghost@example.org", PASSWORD)).await);
    assert_done(&known);
    // The link proves that its holder owns the address, and so may know about the account.
    let token = server.invite(&ada, None);
    let payload = server.mutate(None, &register_with(&ada, &token)).await;
    assert_refused(&payload, "email", "unique");
    assert!(matches!(
        server.run(|app| invitations::status(app, &token)),
        Ok(InvitationStatus::Valid(open)) if open.has_account
    ));
    server.ignore_mail();
}

#[tokio::test]
async fn terms_must_be_accepted_and_are_stored_with_their_version() {
    let server = TestServer::start(TERMS).await;
    let register = register("ada@example.org", PASSWORD);
    for attempt in [register.clone(), register.clone().with("acceptTerms", false)] {
        let payload = server.mutate(None, &attempt).await;
        assert_refused(&payload, "acceptTerms", "terms_required");
        let message = payload["errors"]["acceptTerms"][0]["message"].as_str().expect("a message");
        assert!(message.contains("https://example.org/terms"), "{message}");
    }
    assert_eq!(server.count_accounts(), 0);
    assert_done(&server.mutate(None, &register.clone().with("acceptTerms", true)).await);
    let row = server.rows_of("accounts").pop().expect("an account");
    assert!(row.contains("2026-11-01"), "{row}");
    server.ignore_mail();

    let without = TestServer::start("").await;
    let reply = {
        let accepting = register.with("acceptTerms", true);
        without.send(None, &accepting.document(), accepting.variables()).await
    };
    assert_eq!(reply.status, 400, "an argument that is turned off exists");
    let arguments = "{ __type(name: \"Mutation\") { fields { name args { name } } } }";
    for (server, is_visible) in [(&server, true), (&without, false)] {
        let fields: Value = server.query(None, arguments).await["__type"]["fields"].take();
        let fields = fields.as_array().expect("fields");
        let register = fields.iter().find(|field| field["name"] == "register").expect("register");
        assert_eq!(register["args"].to_string().contains("acceptTerms"), is_visible);
    }
}

#[tokio::test]
async fn an_invitation_replaces_an_account_that_somebody_else_registered() {
    for settings in ["", "accounts.hide_existence = true\n", "accounts.login_unverified = true\n"] {
        let server = TestServer::start(&format!("mail.notices = false\n{settings}")).await;
        // A stranger registers the address and cannot confirm it.
        let email = server.register("ada").await;
        let token = server.invite(&email, None);
        assert!(matches!(
            server.run(|app| invitations::status(app, &token)),
            Ok(InvitationStatus::Valid(open)) if !open.has_account
        ));
        let register = register(&email, OTHER_PASSWORD).with("invitation", token).with("username", "ada");
        assert_done(&server.mutate(None, &register).await);
        assert_eq!(server.count_accounts(), 1);
        assert!(
            server.audit_lines().contains(&"1 expired somebody".to_owned()),
            "{:?}",
            server.audit_lines()
        );
        assert_eq!(server.try_log_in(&email, PASSWORD).await["success"], false, "{settings}");
        let ada = server.log_in(&email, OTHER_PASSWORD).await;
        assert_eq!(ada.me(&server).await["verified"], true);
        server.ignore_mail();
    }
}

#[tokio::test]
async fn an_invitation_replaces_no_account_with_a_history() {
    let server = TestServer::start("mail.notices = false\n").await;
    let email = server.register("ada").await;
    let token = server.invite(&email, None);
    for (change, back) in [
        ("epoch = 1", "epoch = 0"),
        ("is_staff = 1", "is_staff = 0"),
        ("deactivated_at = 7", "deactivated_at = NULL"),
        ("verified_at = 7", "verified_at = NULL"),
    ] {
        server.database().execute(&format!("UPDATE accounts SET {change} WHERE id = 1"));
        let payload = server.mutate(None, &register_with(&email, &token)).await;
        assert_refused(&payload, "email", "unique");
        server.database().execute(&format!("UPDATE accounts SET {back} WHERE id = 1"));
    }
    assert_eq!(server.count_accounts(), 1);
    server.ignore_mail();
}
