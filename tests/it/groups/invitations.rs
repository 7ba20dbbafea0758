//! Invitations into working groups: `inviteToWorkingGroup`, `acceptInvitation`, `revokeInvitation`, `invitations`.

use std::time::Duration;

use futures_util::future::join;
use pledge4future_auth::accounts::invitations::{self, InvitationStatus};
use serde_json::{Value, json};

use super::{HEIDELBERG, NOWHERE, add, create, delete, hand_over, leave, start};
use crate::support::mutation::{
    Mutation, accept_invitation, delete_account, invite_to_working_group, mutation, register,
    revoke_invitation,
};
use crate::support::person::{PASSWORD, Person, assert_done, assert_refused, assert_refused_with};
use crate::support::server::TestServer;

const GHOST: &str = "ghost@example.org";

fn register_with(email: &str, invitation: &str) -> Mutation {
    register(email, PASSWORD).with("invitation", invitation)
}

impl Person {
    /// Invites an address, and returns the mailed token.
    async fn invite(&self, server: &TestServer, email: &str) -> String {
        assert_done(&self.mutate(server, &invite_to_working_group(email)).await);
        server.invitation_token(email)
    }

    async fn invitations(&self, server: &TestServer) -> Vec<Value> {
        let list = self.query(server, "{ invitations { id email madeAt expiresAt } }").await;
        list["invitations"].as_array().expect("a list").clone()
    }
}

#[tokio::test]
async fn an_invitation_leads_through_registration_into_the_group() {
    let server = start("accounts.registration = \"invited\"\n").await;
    let ada = sign_up_invited(&server, "ada").await;
    let group = ada.create_group(&server, "Tides", false).await;
    let before = server.audit_lines().len();
    let token = ada.invite(&server, GHOST).await;
    let InvitationStatus::Valid(open) =
        server.run(|app| invitations::status(app, &token)).ok().expect("a status")
    else {
        panic!("the invitation is not valid")
    };
    assert_eq!((open.email.as_str(), open.group.as_deref()), (GHOST, Some("Tides")));
    assert_eq!((open.inviter.as_deref(), open.has_account), (Some("ada"), false));
    let listed = ada.invitations(&server).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["email"], GHOST);
    assert_eq!(listed[0]["madeAt"], "2026-03-01T12:00:00+00:00");
    assert_eq!(listed[0]["expiresAt"], "2026-03-15T12:00:00+00:00");

    assert_done(&server.mutate(None, &register_with(GHOST, &token)).await);
    let ghost = server.log_in(GHOST, PASSWORD).await;
    assert_eq!(ghost.membership(&server).await, (Some("Tides".to_owned()), false));
    assert_eq!(ada.invitations(&server).await, [] as [Value; 0]);
    let lines: Vec<String> =
        server.audit_lines()[before..].iter().map(|line| line.replace(&group, "group")).collect();
    assert_eq!(
        lines[..5],
        [
            "1 invited owner group",
            "2 registered somebody",
            "2 verified owner",
            "2 invitation_accepted owner group",
            "2 group_joined owner group",
        ]
    );
}

/// Registers with an invitation of an operator, and logs in.
async fn sign_up_invited(server: &TestServer, name: &str) -> Person {
    let email = format!("{name}@example.org");
    let token = server.invite(&email, None);
    assert_done(&server.mutate(None, &register_with(&email, &token).with("username", name)).await);
    server.log_in(&email, PASSWORD).await
}

#[tokio::test]
async fn the_owner_of_an_account_accepts_an_invitation_after_a_login() {
    let server = start("mail.notices = false\n").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    let group = ada.create_group(&server, "Tides", false).await;
    let token = ada.invite(&server, "BO@example.org").await;
    let taken = server.mutate(None, &register_with(&bo.email, &token)).await;
    assert_refused(&taken, "email", "unique");
    let accept = accept_invitation(&token);
    assert_refused_with(&server.mutate(None, &accept).await, "unauthenticated");
    let other = eve.mutate(&server, &accept).await;
    assert_refused(&other, "token", "invitation_of_another_address");
    assert_eq!(eve.membership(&server).await, (None, false));
    assert_done(&bo.mutate(&server, &accept).await);
    assert_eq!(bo.membership(&server).await, (Some("Tides".to_owned()), false));
    assert_refused(&bo.mutate(&server, &accept).await, "token", "invalid_invitation");
    assert_eq!(server.audit_lines().pop(), Some(format!("2 group_joined owner {group}")));

    let second = "eve@elsewhere.example";
    eve.add_secondary_email(&server, second).await;
    let token = ada.invite(&server, second).await;
    assert_done(&eve.mutate(&server, &accept_invitation(&token)).await);
    assert_eq!(eve.membership(&server).await, (Some("Tides".to_owned()), false));
}

#[tokio::test]
async fn one_of_two_acceptances_at_once_consumes_the_invitation() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    ada.create_group(&server, "Tides", false).await;
    let token = ada.invite(&server, &bo.email).await;
    let accept = accept_invitation(&token);
    let (one, other) = join(bo.mutate(&server, &accept), bo.mutate(&server, &accept)).await;
    let (done, refused) = if one["success"] == true { (one, other) } else { (other, one) };
    assert_done(&done);
    assert_refused(&refused, "token", "invalid_invitation");
}

#[tokio::test]
async fn a_member_of_a_group_must_leave_it_before_accepting() {
    let server = start("mail.notices = false\n").await;
    let [ada, bo, cleo] = server.sign_up_all(["ada", "bo", "cleo"]).await;
    ada.create_group(&server, "Tides", false).await;
    bo.create_group(&server, "Reefs", false).await;
    bo.mutate(&server, &add(&cleo.email)).await;
    let token = ada.invite(&server, &cleo.email).await;
    let elsewhere = cleo.mutate(&server, &accept_invitation(&token)).await;
    assert_refused_with(&elsewhere, "in_another_working_group");
    let own = bo.invite(&server, &cleo.email).await;
    assert_refused_with(&cleo.mutate(&server, &accept_invitation(&own)).await, "member_already");
    let of_bo = ada.invite(&server, &bo.email).await;
    assert_refused_with(&bo.mutate(&server, &accept_invitation(&of_bo)).await, "in_another_working_group");
    cleo.mutate(&server, &leave()).await;
    assert_done(&cleo.mutate(&server, &accept_invitation(&token)).await);
    assert_eq!(cleo.membership(&server).await, (Some("Tides".to_owned()), false));
}

#[tokio::test]
async fn the_reply_to_an_invitation_does_not_reveal_accounts() {
    let server = start("accounts.users_visible_to = \"staff\"\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let unverified = server.register("eve").await;
    ada.create_group(&server, "Tides", false).await;
    let mut replies = Vec::new();
    for email in [bo.email.to_uppercase().as_str(), &unverified, GHOST] {
        replies.push(ada.mutate(&server, &invite_to_working_group(email)).await);
        let mail = server.mails_to(email).pop().expect("a mail");
        assert_eq!(mail.subject, "Invitation to localhost:8000");
        let greeting = format!("Hello {}!", email.replace("BO@EXAMPLE.ORG", "BO@example.org"));
        assert!(mail.text.contains(&greeting), "{}", mail.text);
    }
    assert_done(&replies[0]);
    assert!(replies.iter().all(|reply| *reply == replies[0]));
    let emails: Vec<Value> =
        ada.invitations(&server).await.iter().map(|listed| listed["email"].clone()).collect();
    assert!(emails.contains(&json!("BO@example.org")), "the spelling of the owner is shown: {emails:?}");
}

#[tokio::test]
async fn only_representatives_invite_list_and_revoke() {
    let server = start("mail.notices = false\n").await;
    let [ada, bo, cleo] = server.sign_up_all(["ada", "bo", "cleo"]).await;
    ada.create_group(&server, "Tides", true).await;
    bo.create_group(&server, "Reefs", true).await;
    ada.mutate(&server, &add(&cleo.email)).await;
    let token = ada.invite(&server, GHOST).await;
    let id = ada.invitations(&server).await[0]["id"].as_str().expect("an id").to_owned();

    for mutation in [invite_to_working_group("x@example.org"), revoke_invitation(&id)] {
        assert_refused_with(&server.mutate(None, &mutation).await, "unauthenticated");
        assert_refused_with(&cleo.mutate(&server, &mutation).await, "not_representative");
    }
    for nobody in [None, Some(cleo.token.as_str())] {
        let reply = server.send(nobody, "{ invitations { id } }", json!({})).await;
        assert_eq!(reply.body["data"], json!({ "invitations": null }));
    }
    assert_eq!(bo.invitations(&server).await, [] as [Value; 0]);
    for (person, id) in [(&bo, id.as_str()), (&ada, NOWHERE), (&ada, "nonsense")] {
        assert_refused(&person.mutate(&server, &revoke_invitation(id)).await, "id", "not_found");
    }
    assert_done(&ada.mutate(&server, &revoke_invitation(&id)).await);
    assert_eq!(
        server.audit_lines().pop().map(|line| line.contains("1 invitation_revoked owner")),
        Some(true)
    );
    assert_refused(&ada.mutate(&server, &revoke_invitation(&id)).await, "id", "not_found");
    let payload = server.mutate(None, &register_with(GHOST, &token)).await;
    assert_refused(&payload, "invitation", "invalid_invitation");
    assert_refused(&ada.mutate(&server, &invite_to_working_group("nothing")).await, "email", "invalid");
}

#[tokio::test]
async fn an_invitation_of_a_former_representative_is_void() {
    let server = start("mail.notices = false\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    ada.create_group(&server, "Tides", true).await;
    ada.mutate(&server, &add(&bo.email)).await;
    let token = ada.invite(&server, GHOST).await;
    ada.mutate(&server, &hand_over("2")).await;
    let payload = server.mutate(None, &register_with(GHOST, &token)).await;
    assert_refused(&payload, "invitation", "invalid_invitation");
    assert_eq!(bo.invitations(&server).await, [] as [Value; 0]);
    assert!(matches!(server.run(|app| invitations::status(app, &token)), Ok(InvitationStatus::Unknown)));
    let token = bo.invite(&server, GHOST).await;
    assert_done(&server.mutate(None, &register_with(GHOST, &token)).await);
}

#[tokio::test]
async fn an_invitation_ends_with_its_group_and_its_maker() {
    let server = start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    let group = ada.create_group(&server, "Tides", true).await;
    let tokens = [ada.invite(&server, GHOST).await, server.invite("x@example.org", Some(&group))];
    assert_eq!(ada.invitations(&server).await.len(), 2, "the group shows those of operators");
    ada.mutate(&server, &delete(&group)).await;
    for (token, email) in tokens.iter().zip([GHOST, "x@example.org"]) {
        let payload = server.mutate(None, &register_with(email, token)).await;
        assert_refused(&payload, "invitation", "invalid_invitation");
    }
    assert_eq!(server.rows_of("invitations"), [] as [String; 0]);

    ada.mutate(&server, &create("Reefs", HEIDELBERG, true)).await;
    ada.invite(&server, GHOST).await;
    let bo = server.sign_up("bo").await;
    ada.mutate(&server, &add(&bo.email)).await;
    ada.mutate(&server, &hand_over("2")).await;
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);
    assert_eq!(server.rows_of("invitations"), [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn invitations_are_throttled_for_each_address_and_client() {
    let server = start("limits.mail_per_address.free = 2\nlimits.mail_per_client.free = 6\n").await;
    let ada = server.sign_up("ada").await;
    ada.create_group(&server, "Tides", true).await;
    for _ in 0..2 {
        assert_done(&ada.mutate(&server, &invite_to_working_group(GHOST)).await);
    }
    let again = invite_to_working_group(&GHOST.to_uppercase());
    assert_refused_with(&ada.mutate(&server, &again).await, "too_many_attempts");
    assert_eq!(server.mails_to(GHOST).len(), 2);
    for n in 0..4 {
        assert_done(&ada.mutate(&server, &invite_to_working_group(&format!("{n}@example.org"))).await);
    }
    let next = invite_to_working_group("next@example.org");
    assert_refused_with(&ada.mutate(&server, &next).await, "too_many_attempts");
    server.advance(Duration::from_mins(1));
    assert_done(&ada.mutate(&server, &next).await);
    server.ignore_mail();

    let server = start("limits.change.free = 2\n").await;
    let ada = server.sign_up("ada").await;
    ada.create_group(&server, "Tides", true).await;
    assert_done(&ada.mutate(&server, &invite_to_working_group(GHOST)).await);
    let next = ada.mutate(&server, &invite_to_working_group("next@example.org")).await;
    assert_refused_with(&next, "too_many_attempts");
    server.ignore_mail();
}

#[tokio::test]
async fn the_mail_of_an_invitation_contains_no_text_of_strangers() {
    let server = start("").await;
    let ada = server.sign_up("ada").await;
    let names = json!({ "firstName": "You won! evil.example", "lastName": "0900123456" });
    assert_done(&ada.mutate(&server, &mutation("updateAccount", names)).await);
    for (number, name) in
        ["Visit http://evil.example/ now", "evil.example", "Call 0900 123456", "a\u{202e}b\nc"]
            .into_iter()
            .enumerate()
    {
        let group = ada.create_group(&server, name, false).await;
        let email = format!("x{number}@example.org");
        ada.invite(&server, &email).await;
        let mail = server.mails_to(&email).pop().expect("a mail");
        assert_eq!(mail.subject, "Invitation to localhost:8000");
        let sentence = "ada invites you to localhost:8000. Please accept the invitation on the link:";
        assert!(mail.text.contains(sentence), "{}", mail.text);
        let token = server.invitation_token(&email);
        assert!(matches!(
            server.run(|app| invitations::status(app, &token)),
            Ok(InvitationStatus::Valid(open)) if open.group.is_none()
        ));
        ada.mutate(&server, &delete(&group)).await;
    }
    ada.create_group(&server, "Inst. of Tides & Currents, Group 17", false).await;
    ada.invite(&server, GHOST).await;
    let mail = server.mails_to(GHOST).pop().expect("a mail");
    assert!(mail.text.contains("to join the working group \"Inst. of Tides & Currents, Group 17\"."));
}
