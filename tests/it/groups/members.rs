//! `addUserToWorkingGroup`, `removeUserFromWorkingGroup`, `handOverWorkingGroup`, and who may not manage at all.

use std::time::Duration;

use pledge4future_auth::tokens::{SigningKey, access};
use serde_json::json;

use super::{
    HEIDELBERG, LEAVE, NOWHERE, add, answer, create, delete, enter, hand_over, remove, request, start,
};
use crate::support::person::{PASSWORD, Person, assert_done};

const REPRESENTATIVES_ONLY: &str = "Only group representatives have permission to perform this action.";

/// All mutations of working groups.
fn mutations() -> Vec<String> {
    let leave = LEAVE.to_owned();
    let founding = create("Tides", HEIDELBERG, true);
    let joining = [request(NOWHERE), enter(NOWHERE), leave, founding];
    joining.into_iter().chain(leading()).collect()
}

/// Those of representatives.
fn leading() -> [String; 5] {
    [answer(NOWHERE, true), add("bo@example.org"), remove("1"), delete(NOWHERE), hand_over("1")]
}

#[tokio::test]
async fn who_is_not_logged_in_changes_nothing_and_reads_no_group() {
    let server = start("").await;
    let nobody = Person { email: String::new(), token: "nonsense".to_owned(), refresh_token: String::new() };
    for mutation in mutations() {
        assert_eq!(
            nobody.is_told(&server, &mutation).await,
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
async fn who_is_not_verified_changes_nothing() {
    let server = start("secret_key = \"a-key-that-django-signed-with-too\"\n").await;
    let email = server.registers("ada").await;
    server.mails();
    let key = SigningKey::new("a-key-that-django-signed-with-too".to_owned().into());
    let claims = json!({ "email": email, "exp": server.now_seconds() + 600 });
    let token = access::sign(&key, &claims).expect("a token");
    let ada = Person { email, token, refresh_token: String::new() };
    for mutation in mutations() {
        assert_eq!(ada.is_told(&server, &mutation).await, "Please verify your account.", "{mutation}");
    }
}

#[tokio::test]
async fn members_and_strangers_do_not_lead() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    ada.founds(&server, "Tides", true).await;
    ada.manages(&server, &add(&bo.email)).await;
    server.mails();
    for person in [&bo, &eve] {
        for mutation in leading() {
            assert_eq!(person.is_told(&server, &mutation).await, REPRESENTATIVES_ONLY, "{mutation}");
        }
        for query in ["workinggroupUsers", "joinRequests"] {
            let answer =
                server.send(Some(&person.token), &format!("{{ {query} {{ id }} }}"), json!({})).await;
            assert_eq!(answer.body["errors"][0]["message"], REPRESENTATIVES_ONLY);
        }
    }
}

#[tokio::test]
async fn whoever_has_no_group_is_added_by_address_and_told() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    ada.founds(&server, "Tides", true).await;
    eve.founds(&server, "Winds", true).await;
    let (unverified, gone) = (server.registers("cy").await, server.joins("di").await);
    assert_done(&gone.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);
    server.mails();
    let unknown = "The user that you are trying to add is not registered.";
    for address in ["ghost@example.org", unverified.as_str(), gone.email.as_str(), "", "nonsense"] {
        assert_eq!(ada.is_told(&server, &add(address)).await, unknown, "{address}");
    }
    let taken = "The user you are trying to add already has a working group assigned.";
    assert_eq!(ada.is_told(&server, &add(&eve.email)).await, taken);
    assert_eq!(ada.is_told(&server, &add(&ada.email)).await, taken);
    ada.manages(&server, &add(" Bo@Example.org ")).await;
    assert_eq!(bo.place(&server).await, (Some("Tides".to_owned()), false));
    let notice = &server.mails_to(&bo.email)[1];
    assert!(notice.text.contains("You were added to a working group."), "{}", notice.text);
    assert!(!notice.text.contains("Tides"), "strangers choose no words of our mails: {}", notice.text);
    assert_eq!(ada.is_told(&server, &add(&bo.email)).await, taken);
}

#[tokio::test]
async fn members_are_removed_by_number_and_told() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    ada.founds(&server, "Tides", true).await;
    ada.manages(&server, &add(&bo.email)).await;
    let (first, second, third) =
        (ada.number(&server).await, bo.number(&server).await, eve.number(&server).await);
    let not_found = "The user you were trying to remove was not found. Please contact your administrator.";
    for unknown in ["999999999", "0", "-1", "nonsense", "", "99999999999999999999"] {
        assert_eq!(ada.is_told(&server, &remove(unknown)).await, not_found, "{unknown}");
    }
    assert_eq!(
        ada.is_told(&server, &remove(&third)).await,
        "The user you are trying to remove is not part of your working group!"
    );
    let stays = "Users that are representatives of the working group can not be removed from the groups.";
    assert_eq!(ada.is_told(&server, &remove(&first)).await, stays);
    eve.founds(&server, "Winds", false).await;
    assert_eq!(
        ada.is_told(&server, &remove(&third)).await,
        "The user you are trying to remove is not part of your working group!",
        "that somebody speaks for a private group is not told"
    );
    ada.manages(&server, &remove(&second)).await;
    assert_eq!(bo.place(&server).await, (None, false));
    let notice = &server.mails_to(&bo.email)[2];
    assert!(notice.text.contains("You were removed from your working group."), "{}", notice.text);
    server.mails();
}

#[tokio::test]
async fn a_group_is_handed_over_to_another_member_who_is_told() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    let group = ada.founds(&server, "Tides", true).await;
    let (first, second) = (ada.number(&server).await, bo.number(&server).await);
    let not_member = "The new representative must be a member of your working group. Please add them first.";
    for stranger in [second.as_str(), &eve.number(&server).await, "nonsense", "0"] {
        assert_eq!(ada.is_told(&server, &hand_over(stranger)).await, not_member);
    }
    ada.manages(&server, &hand_over(&first)).await;
    assert_eq!(
        ada.place(&server).await,
        (Some("Tides".to_owned()), true),
        "handing over to oneself changes nothing"
    );

    ada.manages(&server, &add(&bo.email)).await;
    let asked = eve.asks_to_join(&server, &group).await;
    let selection =
        "{ success workinggroup { id representative { email } customuserSet { email isRepresentative } } }";
    let payload = ada.manages(&server, &format!("{} {selection}", hand_over(&second))).await;
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
        assert_eq!(ada.is_told(&server, &mutation).await, REPRESENTATIVES_ONLY, "{mutation}");
    }
    bo.manages(&server, &answer(&asked, true)).await;
    ada.manages(&server, LEAVE).await;
    assert_eq!(ada.place(&server).await, (None, false));
    server.mails();
}

#[tokio::test]
async fn a_group_is_not_handed_over_to_whoever_cannot_lead_it() {
    let server = start("accounts.delete = \"deactivate\"\n").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    ada.founds(&server, "Tides", true).await;
    ada.manages(&server, &add(&bo.email)).await;
    let number = bo.number(&server).await;
    assert_done(&bo.does(&server, &format!("deleteAccount(password: {PASSWORD:?})")).await);
    server.mails();
    assert_eq!(
        ada.is_told(&server, &hand_over(&number)).await,
        "The new representative must have a verified, active account."
    );
    ada.manages(&server, &remove(&number)).await;
    assert_eq!(
        ada.is_told(&server, &add(&bo.email)).await,
        "The user that you are trying to add is not registered."
    );
    server.mails();
}

#[tokio::test]
async fn changes_of_working_groups_by_one_client_are_limited() {
    let server = start("limits.change.free = 3\n").await;
    let ada = server.joins("ada").await;
    let group = ada.founds(&server, "Winds", true).await;
    ada.manages(&server, &delete(&group)).await;
    let group = ada.founds(&server, "Winds", true).await;
    let sentence = ada.is_told(&server, &delete(&group)).await;
    assert_eq!(sentence, "Too many attempts. Try again in 5 seconds.");
    server.advance(Duration::from_secs(5));
    ada.manages(&server, &delete(&group)).await;
    server.mails();
}
