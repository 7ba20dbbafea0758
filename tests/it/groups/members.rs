//! `addUserToWorkingGroup`, `removeUserFromWorkingGroup`, `handOverWorkingGroup`, and their permissions.

use std::time::Duration;

use serde_json::json;

use super::{
    HEIDELBERG, NOWHERE, add, answer, create, delete, enter, hand_over, leave, remove, request, start,
};
use crate::support::access_token::{KEY_SETTING, django_token};
use crate::support::mutation::{Mutation, delete_account};
use crate::support::person::{PASSWORD, Person, assert_done};

const REPRESENTATIVES_ONLY: &str = "Only group representatives have permission to perform this action.";

/// The mutations of working groups.
fn mutations() -> Vec<Mutation> {
    let own = [request(NOWHERE), enter(NOWHERE), leave(), create("Tides", HEIDELBERG, true)];
    own.into_iter().chain(mutations_of_representatives()).collect()
}

fn mutations_of_representatives() -> [Mutation; 5] {
    [answer(NOWHERE, true), add("bo@example.org"), remove("1"), delete(NOWHERE), hand_over("1")]
}

#[tokio::test]
async fn anonymous_viewers_cannot_change_or_read_groups() {
    let server = start("").await;
    let nobody = Person { email: String::new(), token: "nonsense".to_owned(), refresh_token: String::new() };
    for mutation in mutations() {
        assert_eq!(
            nobody.refusal(&server, &mutation).await,
            "You do not have permission to perform this action"
        );
    }
    for query in ["workinggroups", "workinggroupUsers", "joinRequests"] {
        let answer = server.send(None, &format!("{{ {query} {{ id }} }}"), json!({})).await;
        assert_eq!(answer.body["data"], json!({ query: null }));
        assert_eq!(answer.body["errors"][0]["message"], "You do not have permission to perform this action");
    }
}

#[tokio::test]
async fn unverified_accounts_cannot_change_groups() {
    let server = start(KEY_SETTING).await;
    let email = server.register("ada").await;
    server.ignore_mail();
    let token = django_token(&email, server.now_seconds());
    let ada = Person { email, token, refresh_token: String::new() };
    for mutation in mutations() {
        assert_eq!(ada.refusal(&server, &mutation).await, "Please verify your account.", "{mutation}");
    }
}

#[tokio::test]
async fn members_and_strangers_cannot_manage_a_group() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    ada.create_group(&server, "Tides", true).await;
    ada.mutate(&server, &add(&bo.email)).await;
    server.ignore_mail();
    for person in [&bo, &eve] {
        for mutation in mutations_of_representatives() {
            assert_eq!(person.refusal(&server, &mutation).await, REPRESENTATIVES_ONLY, "{mutation}");
        }
        for query in ["workinggroupUsers", "joinRequests"] {
            let answer =
                server.send(Some(&person.token), &format!("{{ {query} {{ id }} }}"), json!({})).await;
            assert_eq!(answer.body["errors"][0]["message"], REPRESENTATIVES_ONLY);
        }
    }
}

#[tokio::test]
async fn people_without_a_group_are_added_by_address_with_a_notice() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    ada.create_group(&server, "Tides", true).await;
    eve.create_group(&server, "Winds", true).await;
    let (unverified, gone) = (server.register("cy").await, server.sign_up("di").await);
    assert_done(&gone.mutate(&server, &delete_account(PASSWORD)).await);
    server.ignore_mail();
    let unknown = "The user that you are trying to add is not registered.";
    for address in ["ghost@example.org", unverified.as_str(), gone.email.as_str(), "", "nonsense"] {
        assert_eq!(ada.refusal(&server, &add(address)).await, unknown, "{address}");
    }
    let taken = "The user you are trying to add already has a working group assigned.";
    assert_eq!(ada.refusal(&server, &add(&eve.email)).await, taken);
    assert_eq!(ada.refusal(&server, &add(&ada.email)).await, taken);
    ada.mutate(&server, &add(" Bo@Example.org ")).await;
    assert_eq!(bo.membership(&server).await, (Some("Tides".to_owned()), false));
    let notice = &server.mails_to(&bo.email)[1];
    assert!(notice.text.contains("You were added to a working group."), "{}", notice.text);
    assert!(!notice.text.contains("Tides"), "the mail contains the name of the group: {}", notice.text);
    assert_eq!(ada.refusal(&server, &add(&bo.email)).await, taken);
}

#[tokio::test]
async fn members_are_removed_by_id_with_a_notice() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    ada.create_group(&server, "Tides", true).await;
    ada.mutate(&server, &add(&bo.email)).await;
    let (first, second, third) =
        (ada.account_id(&server).await, bo.account_id(&server).await, eve.account_id(&server).await);
    let not_found = "The user you were trying to remove was not found. Please contact your administrator.";
    for unknown in ["999999999", "0", "-1", "nonsense", "", "99999999999999999999"] {
        assert_eq!(ada.refusal(&server, &remove(unknown)).await, not_found, "{unknown}");
    }
    assert_eq!(
        ada.refusal(&server, &remove(&third)).await,
        "The user you are trying to remove is not part of your working group!"
    );
    let stays = "Users that are representatives of the working group can not be removed from the groups.";
    assert_eq!(ada.refusal(&server, &remove(&first)).await, stays);
    eve.create_group(&server, "Winds", false).await;
    assert_eq!(
        ada.refusal(&server, &remove(&third)).await,
        "The user you are trying to remove is not part of your working group!",
        "the message reveals a representative of a private group"
    );
    ada.mutate(&server, &remove(&second)).await;
    assert_eq!(bo.membership(&server).await, (None, false));
    let notice = &server.mails_to(&bo.email)[2];
    assert!(notice.text.contains("You were removed from your working group."), "{}", notice.text);
    server.ignore_mail();
}

#[tokio::test]
async fn a_group_is_handed_over_to_another_member_with_a_notice() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    let group = ada.create_group(&server, "Tides", true).await;
    let (first, second) = (ada.account_id(&server).await, bo.account_id(&server).await);
    let not_member = "The new representative must be a member of your working group. Please add them first.";
    for stranger in [second.as_str(), &eve.account_id(&server).await, "nonsense", "0"] {
        assert_eq!(ada.refusal(&server, &hand_over(stranger)).await, not_member);
    }
    ada.mutate(&server, &hand_over(&first)).await;
    assert_eq!(ada.membership(&server).await, (Some("Tides".to_owned()), true), "ada lost the group");

    ada.mutate(&server, &add(&bo.email)).await;
    let asked = eve.request_join(&server, &group).await;
    let selection =
        "success workinggroup { id representative { email } customuserSet { email isRepresentative } }";
    let payload = ada.mutate(&server, &hand_over(&second).select(selection)).await;
    assert_eq!(
        payload,
        json!({ "success": true, "workinggroup": {
            "id": group, "representative": { "email": bo.email },
            "customuserSet": [{ "email": ada.email, "isRepresentative": false }, { "email": bo.email, "isRepresentative": true }],
        } })
    );
    let notice = &server.mails_to(&bo.email)[2];
    assert!(notice.text.contains("You are now the representative of your working group."), "{}", notice.text);
    for mutation in [answer(&asked, true), remove(&second), delete(&group), hand_over(&first)] {
        assert_eq!(ada.refusal(&server, &mutation).await, REPRESENTATIVES_ONLY, "{mutation}");
    }
    bo.mutate(&server, &answer(&asked, true)).await;
    ada.mutate(&server, &leave()).await;
    assert_eq!(ada.membership(&server).await, (None, false));
    server.ignore_mail();
}

#[tokio::test]
async fn a_group_cannot_be_handed_over_to_an_inactive_member() {
    let server = start("accounts.delete = \"deactivate\"\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    ada.create_group(&server, "Tides", true).await;
    ada.mutate(&server, &add(&bo.email)).await;
    let number = bo.account_id(&server).await;
    assert_done(&bo.mutate(&server, &delete_account(PASSWORD)).await);
    server.ignore_mail();
    assert_eq!(
        ada.refusal(&server, &hand_over(&number)).await,
        "The new representative must have a verified, active account."
    );
    ada.mutate(&server, &remove(&number)).await;
    assert_eq!(
        ada.refusal(&server, &add(&bo.email)).await,
        "The user that you are trying to add is not registered."
    );
    server.ignore_mail();
}

#[tokio::test]
async fn group_changes_are_throttled() {
    let server = start("limits.change.free = 3\n").await;
    let ada = server.sign_up("ada").await;
    let group = ada.create_group(&server, "Winds", true).await;
    ada.mutate(&server, &delete(&group)).await;
    let group = ada.create_group(&server, "Winds", true).await;
    let sentence = ada.refusal(&server, &delete(&group)).await;
    assert_eq!(sentence, "Too many attempts. Try again in 5 seconds.");
    server.advance(Duration::from_secs(5));
    ada.mutate(&server, &delete(&group)).await;
    server.ignore_mail();
}
