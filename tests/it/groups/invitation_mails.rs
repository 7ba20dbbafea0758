//! What is stored of invitations, and how invalid ones are counted.

use serde_json::json;

use super::{add, hand_over, start};
use crate::support::mutation::{accept_invitation, delete_account, invite_to_working_group, mutation};
use crate::support::person::{PASSWORD, assert_done, assert_refused, assert_refused_with};

const GHOST: &str = "ghost@example.org";

#[tokio::test]
async fn the_mail_of_an_invitation_belongs_to_its_maker() {
    let server = start("mail.notices = false\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    ada.create_group(&server, "Tides", true).await;
    assert_done(&ada.mutate(&server, &invite_to_working_group(GHOST)).await);
    let export = mutation("exportMyData", json!({ "password": PASSWORD })).select("success errors data");
    let data = ada.mutate(&server, &export).await["data"].take();
    assert_eq!(data["invitations"]["made"][0]["email"], GHOST);
    assert!(!data["mails"].to_string().contains("Invitation"), "{}", data["mails"]);

    ada.mutate(&server, &add(&bo.email)).await;
    ada.mutate(&server, &hand_over("2")).await;
    assert_done(&ada.mutate(&server, &delete_account(PASSWORD)).await);
    assert!(!server.rows_of("outbox").concat().contains(GHOST), "the mail names the inviter");
    server.ignore_mail();
}

#[tokio::test]
async fn invalid_invitations_are_counted_as_other_links_are() {
    let server = start("limits.token.free = 2\n").await;
    let ada = server.sign_up("ada").await;
    for _ in 0..2 {
        let payload = ada.mutate(&server, &accept_invitation("nonsense")).await;
        assert_refused(&payload, "token", "invalid_invitation");
    }
    let payload = ada.mutate(&server, &accept_invitation("nonsense")).await;
    assert_refused_with(&payload, "too_many_attempts");
    let token = server.invite(&ada.email, None);
    assert_done(&ada.mutate(&server, &accept_invitation(&token)).await);
    server.ignore_mail();
}
