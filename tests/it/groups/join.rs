//! `requestJoinWorkingGroup`, `answerJoinRequest`, `setWorkingGroup`, `leaveWorkingGroup`.

use serde_json::{Value, json};

use super::{NOWHERE, OSLO, add, answer, create, enter, leave, request, start, without_arguments};
use crate::support::mutation::mutation;
use crate::support::person::assert_done;

const OPEN: &str = "groups.joining = \"open\"\n";

#[tokio::test]
async fn a_join_request_and_its_answer_are_sent_by_mail() {
    let server = start("pages.enabled = false\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let name = json!({ "firstName": "Bo", "lastName": "O'Hara\nBcc: eve@e.org" });
    assert_done(&bo.mutate(&server, &mutation("updateAccount", name)).await);
    let group = ada.create_group(&server, "Tides & <winds>", true).await;
    let asked = bo.request_join(&server, &group).await;

    let mail = &server.mails_to(&ada.email)[1];
    assert_eq!(
        mail.subject,
        "Bo O'Hara Bcc: eve@e.org would like to join your working group at Pledge4Future"
    );
    let command = format!("answerJoinRequest(input: {{requestId: \"{asked}\", approve: true}})");
    for part in [
        "Hello ada!",
        "Bo O'Hara Bcc: eve@e.org (bo@example.org) asks to join your working group \"Tides & <winds>\"",
        "http://localhost:8000/graphql",
        &command,
    ] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    assert_eq!(server.mails_to("eve@e.org").len(), 0);
    assert_eq!(server.mails_to(&bo.email).len(), 1, "a mail besides the activation");
    assert_eq!(bo.membership(&server).await, (None, false), "bo joined before the answer");

    let requests = ada
        .query(
            &server,
            "{ joinRequests { id status timestamp user { email workingGroup { id } } workingGroup { id } } }",
        )
        .await;
    assert_eq!(
        requests["joinRequests"],
        json!([{ "id": asked, "status": "PENDING", "timestamp": "2026-03-01T12:00:00+00:00",
            "user": { "email": bo.email, "workingGroup": null }, "workingGroup": { "id": group } }])
    );
    let approval =
        answer(&asked, true).select("success requestingUser { email workingGroup { id } isRepresentative }");
    assert_eq!(
        ada.mutate(&server, &approval).await,
        json!({ "success": true, "requestingUser": { "email": bo.email, "workingGroup": { "id": group }, "isRepresentative": false } })
    );
    assert_eq!(bo.membership(&server).await, (Some("Tides & <winds>".to_owned()), false));
    let mail = &server.mails_to(&bo.email)[1];
    assert_eq!(mail.subject, "Your request to join a working group on localhost:8000");
    assert!(
        mail.text.contains("You are now a member of the working group \"Tides & <winds>\"."),
        "{}",
        mail.text
    );
    assert!(!mail.text.contains("declined"));
}

#[tokio::test]
async fn the_commands_in_the_mail_answer_a_join_request() {
    let server = start("pages.enabled = false\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let group = ada.create_group(&server, "Tides", true).await;
    bo.request_join(&server, &group).await;
    let mail = &server.mails_to(&ada.email)[1];
    let said = |beginning: &str| mail.text.lines().find(|line| line.starts_with(beginning)).expect("a line");
    let (_, list) = said("The query ").split_once("The query ").expect("a query");
    let (list, _) = list.split_once(" lists").expect("a query");
    assert_eq!(ada.query(&server, list).await["joinRequests"][0]["user"]["email"], bo.email);
    let answered = server.send(Some(&ada.token), said("mutation "), json!({})).await.body;
    assert_eq!(answered, json!({ "data": { "answerJoinRequest": { "success": true } } }));
    assert_eq!(bo.membership(&server).await.0.as_deref(), Some("Tides"));
    server.ignore_mail();
}

#[tokio::test]
async fn the_mail_about_a_join_request_links_to_the_page_that_answers_it() {
    for (settings, page) in [
        ("", "http://localhost:8000/account/group"),
        ("links.join_requests = \"https://www.example.org/requests\"\n", "https://www.example.org/requests"),
    ] {
        let server = start(settings).await;
        let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
        let group = ada.create_group(&server, "Tides", true).await;
        bo.request_join(&server, &group).await;
        let mail = &server.mails_to(&ada.email)[1];
        assert!(mail.text.lines().any(|line| line == page), "{}", mail.text);
        assert!(!mail.text.contains("answerJoinRequest") && !mail.text.contains("/graphql"), "{}", mail.text);
    }
}

#[tokio::test]
async fn a_join_request_is_stored_even_if_its_mail_is_throttled() {
    let server = start("limits.mail_per_address.free = 1\n").await;
    let [ada, bo, cleo] = server.sign_up_all(["ada", "bo", "cleo"]).await;
    let (group, other) = (
        ada.create_group(&server, "Tidal energy", true).await,
        cleo.create_group(&server, "Winds", true).await,
    );
    // Otherwise others could block join requests, for example by adding the representative elsewhere.
    cleo.try_manage(&server, &add(&ada.email)).await;
    for person in [&bo, &server.sign_up("dora").await] {
        person.request_join(&server, &group).await;
    }
    bo.request_join(&server, &other).await;
    let requests = ada.query(&server, "{ joinRequests { status } }").await;
    assert_eq!(requests["joinRequests"], json!([{ "status": "PENDING" }, { "status": "PENDING" }]));
    assert_eq!(server.mails_to(&ada.email).len(), 1 + 1);
    assert_eq!(server.mails_to(&cleo.email).len(), 1 + 1);
}

#[tokio::test]
async fn a_second_join_request_needs_an_answer_to_the_first() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let group = ada.create_group(&server, "Tidal energy", true).await;
    let first = bo.request_join(&server, &group).await;
    server.ignore_mail();
    let waits = "You have already asked to join this working group. Please wait for the answer.";
    assert_eq!(bo.refusal(&server, &request(&group)).await, waits);
    ada.mutate(&server, &answer(&first, false)).await;
    let mail = &server.mails_to(&bo.email)[1];
    assert!(
        mail.text.contains("Your request to join the working group \"Tidal energy\" was declined."),
        "{}",
        mail.text
    );
    let answered = "This join request has already been answered.";
    for approve in [true, false] {
        assert_eq!(ada.refusal(&server, &answer(&first, approve)).await, answered);
    }
    let second = bo.request_join(&server, &group).await;
    ada.mutate(&server, &answer(&second, false).without("approve")).await;
    let third = bo.request_join(&server, &group).await;
    ada.mutate(&server, &answer(&third, true)).await;
    assert_eq!(
        bo.refusal(&server, &request(&group)).await,
        "You are already a member of this working group."
    );
    let own = bo.query(&server, "{ me { workinggroupjoinrequestSet { id status } } }").await["me"]["workinggroupjoinrequestSet"].take();
    let statuses = [(&first, "DECLINED"), (&second, "DECLINED"), (&third, "APPROVED")];
    assert_eq!(
        own,
        Value::Array(statuses.iter().map(|(id, status)| json!({ "id": id, "status": status })).collect())
    );
    server.ignore_mail();
}

#[tokio::test]
async fn approval_does_not_remove_a_person_from_another_group() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    let tides = ada.create_group(&server, "Tides", true).await;
    eve.create_group(&server, "Winds", true).await;
    let asked = bo.request_join(&server, &tides).await;
    eve.mutate(&server, &add(&bo.email)).await;
    let has_group = "The user you are trying to add already has a working group assigned.";
    assert_eq!(ada.refusal(&server, &answer(&asked, true)).await, has_group);
    assert_eq!(bo.membership(&server).await.0.as_deref(), Some("Winds"));
    bo.mutate(&server, &leave()).await;
    ada.mutate(&server, &answer(&asked, true)).await;
    assert_eq!(bo.membership(&server).await.0.as_deref(), Some("Tides"));
    // The request of a person who was added meanwhile can still be approved.
    let cy = server.sign_up("cy").await;
    let asked = cy.request_join(&server, &tides).await;
    ada.mutate(&server, &add(&cy.email)).await;
    ada.mutate(&server, &answer(&asked, true)).await;
    assert_eq!(cy.membership(&server).await.0.as_deref(), Some("Tides"));
    server.ignore_mail();
}

#[tokio::test]
async fn only_the_representative_of_the_group_answers_a_join_request() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    let tides = ada.create_group(&server, "Tides", true).await;
    eve.create_group(&server, "Winds", true).await;
    let asked = bo.request_join(&server, &tides).await;
    server.ignore_mail();
    assert_eq!(
        bo.refusal(&server, &answer(&asked, true)).await,
        "Only group representatives have permission to perform this action."
    );
    assert_eq!(
        eve.refusal(&server, &answer(&asked, true)).await,
        "You are not authorized to answer this join request, because you are not the representative of the Tides."
    );
    for unknown in [NOWHERE, "nonsense", ""] {
        assert_eq!(ada.refusal(&server, &answer(unknown, true)).await, "Join request not found.");
    }
}

#[tokio::test]
async fn a_group_that_is_joined_by_request_cannot_be_entered() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let public = ada.create_group(&server, "Tides", true).await;
    let eve = server.sign_up("eve").await;
    let private = eve.create_group(&server, "Winds", false).await;
    let must_ask =
        "This working group is joined by request. Please ask its representative by requestJoinWorkingGroup.";
    assert_eq!(bo.refusal(&server, &enter(&public)).await, must_ask);
    for unknown in [private.as_str(), NOWHERE, "nonsense"] {
        assert_eq!(bo.refusal(&server, &enter(unknown)).await, "Working group not found.");
        assert_eq!(bo.refusal(&server, &request(unknown)).await, "Working group not found.");
    }
    for call in [
        "setWorkingGroup",
        "setWorkingGroup(input: {})",
        "requestJoinWorkingGroup",
        "requestJoinWorkingGroup(input: null)",
    ] {
        let message = bo.refusal(&server, &without_arguments(call)).await;
        assert_eq!(message, "Working group not found.", "{call}");
    }
    ada.mutate(&server, &enter(&public)).await;
    assert_eq!(ada.membership(&server).await, (Some("Tides".to_owned()), true), "ada left the own group");
    server.ignore_mail();
}

#[tokio::test]
async fn open_groups_can_be_entered_but_representatives_cannot_leave() {
    let server = start(OPEN).await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let tides = ada.create_group(&server, "Tides", false).await;
    let eve = server.sign_up("eve").await;
    let winds = eve.create_group(&server, "Winds", true).await;
    let enter_tides = enter(&tides).select("success user { email workingGroup { name } }");
    assert_eq!(
        bo.mutate(&server, &enter_tides).await,
        json!({ "success": true, "user": { "email": bo.email, "workingGroup": { "name": "Tides" } } })
    );
    bo.mutate(&server, &enter(&winds)).await;
    assert_eq!(bo.membership(&server).await, (Some("Winds".to_owned()), false));
    let stays = "Users that are representatives can not leave their working groups. Please delete the working group instead.";
    assert_eq!(ada.refusal(&server, &enter(&winds)).await, stays);
    let payload = bo.mutate(&server, &request(&tides)).await;
    assert_eq!(payload["success"], true, "a private group cannot be requested by its id");
    server.ignore_mail();
}

#[tokio::test]
async fn members_can_leave_and_representatives_cannot() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    bo.mutate(&server, &leave()).await;
    ada.create_group(&server, "Tides", true).await;
    ada.mutate(&server, &add(&bo.email)).await;
    bo.mutate(&server, &leave()).await;
    assert_eq!(bo.membership(&server).await, (None, false));
    let stays = "Users that are representatives can not leave their working groups. Please delete the working group instead.";
    assert_eq!(ada.refusal(&server, &leave()).await, stays);
    bo.mutate(&server, &create("Winds", OSLO, true)).await;
    server.ignore_mail();
}

#[tokio::test]
async fn repeated_join_requests_are_throttled() {
    let server = start("limits.mail_per_address.free = 2\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let group = ada.create_group(&server, "Winds", true).await;
    for _ in 0..2 {
        let id = bo.request_join(&server, &group).await;
        ada.mutate(&server, &answer(&id, false)).await;
    }
    let sentence = bo.refusal(&server, &request(&group)).await;
    assert!(sentence.starts_with("Too many attempts. Try again in "), "{sentence}");
    let to_ada = server.mails_to(&ada.email);
    assert_eq!(to_ada.len(), 1 + 2);
}
