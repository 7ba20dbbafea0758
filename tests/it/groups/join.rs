//! `requestJoinWorkingGroup`, `answerJoinRequest`, `setWorkingGroup`, `leaveWorkingGroup`.

use serde_json::{Value, json};

use super::{LEAVE, NOWHERE, OSLO, add, answer, create, enter, request, start};
use crate::support::person::assert_done;

const OPEN: &str = "groups.joining = \"open\"\n";

#[tokio::test]
async fn a_request_is_mailed_to_the_representative_and_its_answer_to_whoever_made_it() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    assert_done(
        &bo.does(&server, "updateAccount(firstName: \"Bo\", lastName: \"O'Hara\\nBcc: eve@e.org\")").await,
    );
    let group = ada.founds(&server, "Tides & <winds>", true).await;
    let asked = bo.asks_to_join(&server, &group).await;

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
    assert_eq!(server.mails_to(&bo.email).len(), 1, "the activation mail alone");
    assert_eq!(bo.place(&server).await, (None, false), "nobody is in before the answer");

    let requests = ada
        .sees(
            &server,
            "{ joinRequests { id status timestamp user { email workingGroup { id } } workingGroup { id } } }",
        )
        .await;
    assert_eq!(
        requests["joinRequests"],
        json!([{ "id": asked, "status": "PENDING", "timestamp": "2026-03-01T12:00:00+00:00",
            "user": { "email": bo.email, "workingGroup": null }, "workingGroup": { "id": group } }])
    );
    let approval = format!(
        "{} {{ success requestingUser {{ email workingGroup {{ id }} isRepresentative }} }}",
        answer(&asked, true)
    );
    assert_eq!(
        ada.manages(&server, &approval).await,
        json!({ "success": true, "requestingUser": { "email": bo.email, "workingGroup": { "id": group }, "isRepresentative": false } })
    );
    assert_eq!(bo.place(&server).await, (Some("Tides & <winds>".to_owned()), false));
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
async fn a_representative_answers_by_what_the_mail_says() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let group = ada.founds(&server, "Tides", true).await;
    bo.asks_to_join(&server, &group).await;
    let mail = &server.mails_to(&ada.email)[1];
    let said = |beginning: &str| mail.text.lines().find(|line| line.starts_with(beginning)).expect("a line");
    let (_, list) = said("The query ").split_once("The query ").expect("a query");
    let (list, _) = list.split_once(" lists").expect("a query");
    assert_eq!(ada.sees(&server, list).await["joinRequests"][0]["user"]["email"], bo.email);
    let answered = server.send(Some(&ada.token), said("mutation "), json!({})).await.body;
    assert_eq!(answered, json!({ "data": { "answerJoinRequest": { "success": true } } }));
    assert_eq!(bo.place(&server).await.0.as_deref(), Some("Tides"));
    server.mails();
}

#[tokio::test]
async fn the_mail_about_a_request_leads_to_the_page_that_the_site_names() {
    let server = start("links.join_requests = \"https://www.example.org/requests\"\n").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let group = ada.founds(&server, "Tides", true).await;
    bo.asks_to_join(&server, &group).await;
    let mail = &server.mails_to(&ada.email)[1];
    assert!(mail.text.lines().any(|line| line == "https://www.example.org/requests"), "{}", mail.text);
    assert!(!mail.text.contains("answerJoinRequest") && !mail.text.contains("/graphql"), "{}", mail.text);
}

#[tokio::test]
async fn a_join_request_stands_where_only_its_mail_is_throttled() {
    let server = start("limits.mail_per_address.free = 1\n").await;
    let (ada, bo, cleo) = (server.joins("ada").await, server.joins("bo").await, server.joins("cleo").await);
    let (group, other) =
        (ada.founds(&server, "Tidal energy", true).await, cleo.founds(&server, "Winds", true).await);
    // Others could keep people from asking otherwise, also by trying to add the representative elsewhere.
    cleo.tries(&server, &add(&ada.email)).await;
    for person in [&bo, &server.joins("dora").await] {
        person.asks_to_join(&server, &group).await;
    }
    bo.asks_to_join(&server, &other).await;
    let requests = ada.sees(&server, "{ joinRequests { status } }").await;
    assert_eq!(requests["joinRequests"], json!([{ "status": "PENDING" }, { "status": "PENDING" }]));
    assert_eq!(server.mails_to(&ada.email).len(), 1 + 1);
    assert_eq!(server.mails_to(&cleo.email).len(), 1 + 1);
}

#[tokio::test]
async fn one_asks_once_and_waits_and_may_ask_again_after_a_no() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let group = ada.founds(&server, "Tidal energy", true).await;
    let first = bo.asks_to_join(&server, &group).await;
    server.mails();
    let waits = "You have already asked to join this working group. Please wait for the answer.";
    assert_eq!(bo.is_told(&server, &request(&group)).await, waits);
    ada.manages(&server, &answer(&first, false)).await;
    let mail = &server.mails_to(&bo.email)[1];
    assert!(
        mail.text.contains("Your request to join the working group \"Tidal energy\" was declined."),
        "{}",
        mail.text
    );
    let answered = "This join request has already been answered.";
    for approve in [true, false] {
        assert_eq!(ada.is_told(&server, &answer(&first, approve)).await, answered);
    }
    let second = bo.asks_to_join(&server, &group).await;
    ada.manages(&server, &format!("answerJoinRequest(input: {{ requestId: {second:?} }})")).await;
    let third = bo.asks_to_join(&server, &group).await;
    ada.manages(&server, &answer(&third, true)).await;
    assert_eq!(
        bo.is_told(&server, &request(&group)).await,
        "You are already a member of this working group."
    );
    let own = bo.sees(&server, "{ me { workinggroupjoinrequestSet { id status } } }").await["me"]["workinggroupjoinrequestSet"].take();
    let statuses = [(&first, "DECLINED"), (&second, "DECLINED"), (&third, "APPROVED")];
    assert_eq!(
        own,
        Value::Array(statuses.iter().map(|(id, status)| json!({ "id": id, "status": status })).collect())
    );
    server.mails();
}

#[tokio::test]
async fn approving_takes_nobody_out_of_another_group() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    let tides = ada.founds(&server, "Tides", true).await;
    eve.founds(&server, "Winds", true).await;
    let asked = bo.asks_to_join(&server, &tides).await;
    eve.manages(&server, &add(&bo.email)).await;
    let has_group = "The user you are trying to add already has a working group assigned.";
    assert_eq!(ada.is_told(&server, &answer(&asked, true)).await, has_group);
    assert_eq!(bo.place(&server).await.0.as_deref(), Some("Winds"));
    bo.manages(&server, LEAVE).await;
    ada.manages(&server, &answer(&asked, true)).await;
    assert_eq!(bo.place(&server).await.0.as_deref(), Some("Tides"));
    // Somebody who was added meanwhile is in already, and the request can still be settled.
    let cy = server.joins("cy").await;
    let asked = cy.asks_to_join(&server, &tides).await;
    ada.manages(&server, &add(&cy.email)).await;
    ada.manages(&server, &answer(&asked, true)).await;
    assert_eq!(cy.place(&server).await.0.as_deref(), Some("Tides"));
    server.mails();
}

#[tokio::test]
async fn only_the_representative_of_the_group_that_was_asked_answers() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    let tides = ada.founds(&server, "Tides", true).await;
    eve.founds(&server, "Winds", true).await;
    let asked = bo.asks_to_join(&server, &tides).await;
    server.mails();
    assert_eq!(
        bo.is_told(&server, &answer(&asked, true)).await,
        "Only group representatives have permission to perform this action."
    );
    assert_eq!(
        eve.is_told(&server, &answer(&asked, true)).await,
        "You are not authorized to answer this join request, because you are not the representative of the Tides."
    );
    for unknown in [NOWHERE, "nonsense", ""] {
        assert_eq!(ada.is_told(&server, &answer(unknown, true)).await, "Join request not found.");
    }
}

#[tokio::test]
async fn nobody_walks_into_a_group_that_wants_to_be_asked() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let public = ada.founds(&server, "Tides", true).await;
    let eve = server.joins("eve").await;
    let private = eve.founds(&server, "Winds", false).await;
    let must_ask =
        "This working group is joined by request. Please ask its representative by requestJoinWorkingGroup.";
    assert_eq!(bo.is_told(&server, &enter(&public)).await, must_ask);
    for unknown in [private.as_str(), NOWHERE, "nonsense"] {
        assert_eq!(bo.is_told(&server, &enter(unknown)).await, "Working group not found.");
        assert_eq!(bo.is_told(&server, &request(unknown)).await, "Working group not found.");
    }
    for nothing in [
        "setWorkingGroup",
        "setWorkingGroup(input: {})",
        "requestJoinWorkingGroup",
        "requestJoinWorkingGroup(input: null)",
    ] {
        assert_eq!(bo.is_told(&server, nothing).await, "Working group not found.", "{nothing}");
    }
    ada.manages(&server, &enter(&public)).await;
    assert_eq!(ada.place(&server).await, (Some("Tides".to_owned()), true), "one's own group is no other");
    server.mails();
}

#[tokio::test]
async fn where_groups_are_open_anybody_walks_into_any_but_representatives_stay() {
    let server = start(OPEN).await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let tides = ada.founds(&server, "Tides", false).await;
    let eve = server.joins("eve").await;
    let winds = eve.founds(&server, "Winds", true).await;
    let entered = bo
        .manages(
            &server,
            &format!("{} {{ success user {{ email workingGroup {{ name }} }} }}", enter(&tides)),
        )
        .await;
    assert_eq!(
        entered,
        json!({ "success": true, "user": { "email": bo.email, "workingGroup": { "name": "Tides" } } })
    );
    bo.manages(&server, &enter(&winds)).await;
    assert_eq!(bo.place(&server).await, (Some("Winds".to_owned()), false));
    let stays = "Users that are representatives can not leave their working groups. Please delete the working group instead.";
    assert_eq!(ada.is_told(&server, &enter(&winds)).await, stays);
    let payload = bo.manages(&server, &request(&tides)).await;
    assert_eq!(payload["success"], true, "a private group can be asked by whoever knows of it");
    server.mails();
}

#[tokio::test]
async fn members_leave_at_will_and_representatives_do_not() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    bo.manages(&server, LEAVE).await;
    ada.founds(&server, "Tides", true).await;
    ada.manages(&server, &add(&bo.email)).await;
    bo.manages(&server, LEAVE).await;
    assert_eq!(bo.place(&server).await, (None, false));
    let stays = "Users that are representatives can not leave their working groups. Please delete the working group instead.";
    assert_eq!(ada.is_told(&server, LEAVE).await, stays);
    bo.manages(&server, &create("Winds", OSLO, true)).await;
    server.mails();
}

#[tokio::test]
async fn nobody_is_flooded_with_mail_by_requests_that_are_made_again_and_again() {
    let server = start("limits.mail_per_address.free = 2\n").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let group = ada.founds(&server, "Winds", true).await;
    for _ in 0..2 {
        let id = bo.asks_to_join(&server, &group).await;
        ada.manages(&server, &answer(&id, false)).await;
    }
    let sentence = bo.is_told(&server, &request(&group)).await;
    assert!(sentence.starts_with("Too many attempts. Try again in "), "{sentence}");
    let to_ada = server.mails_to(&ada.email);
    assert_eq!(to_ada.len(), 1 + 2);
}
