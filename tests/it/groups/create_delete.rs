//! `createWorkingGroup`, `deleteWorkingGroup`, and accounts that a group depends on.

use serde_json::json;

use super::{HEIDELBERG, LEAVE, NOWHERE, OSLO, add, create, delete, hand_over, request, start};
use crate::support::person::{PASSWORD, assert_done, assert_refused};

#[tokio::test]
async fn whoever_founds_a_group_is_its_first_member_and_speaks_for_it() {
    let server = start("").await;
    let ada = server.joins("ada").await;
    let selection = "{ success workinggroup { name nEmployees isPublic institution { name city state country } \
        field { id field subfield } representative { email isRepresentative } customuserSet { email } \
        workinggroupjoinrequestSet { id } } }";
    let founding =
        create("  Tidal energy ", HEIDELBERG, true).replace("{ success workinggroup { id } }", selection);
    let payload = ada.manages(&server, &founding).await;
    assert_eq!(
        payload,
        json!({ "success": true, "workinggroup": {
            "name": "Tidal energy", "nEmployees": 7, "isPublic": true,
            "institution": { "name": "Heidelberg University", "city": "Heidelberg", "state": "Baden-Württemberg", "country": "Germany" },
            "field": { "id": 1, "field": "Natural Sciences", "subfield": "Earth and related environmental sciences" },
            "representative": { "email": "ada@example.org", "isRepresentative": true },
            "customuserSet": [{ "email": "ada@example.org" }],
            "workinggroupjoinrequestSet": [],
        } })
    );
    assert_eq!(ada.place(&server).await, (Some("Tidal energy".to_owned()), true));
    assert_eq!(server.mails_to(&ada.email).len(), 1, "the activation mail alone");
}

#[tokio::test]
async fn what_a_new_group_must_not_be_is_said_in_a_sentence() {
    let server = start("").await;
    let ada = server.joins("ada").await;
    let good = create("Tidal energy", HEIDELBERG, true);
    let name = "The name of a working group has 1 to 200 characters, none of them a null character.";
    for (from, to, sentence) in [
        (HEIDELBERG, "heidelberg", "Institution not found."),
        (HEIDELBERG, "", "Institution not found."),
        (HEIDELBERG, NOWHERE, "Institution not found."),
        ("researchFieldId: 1", "researchFieldId: 99", "Research field is invalid."),
        ("researchFieldId: 1", "researchFieldId: -1", "Research field is invalid."),
        ("nEmployees: 7", "nEmployees: -1", "The number of employees cannot be negative."),
        ("\"Tidal energy\"", "\" \"", name),
        ("\"Tidal energy\"", "\"a\\u0000b\"", name),
        ("\"Tidal energy\"", "null", name),
        ("\"Tidal energy\"", &format!("{:?}", "ü".repeat(201)), name),
        ("name: \"Tidal energy\", ", "", name),
    ] {
        assert_eq!(ada.is_told(&server, &good.replace(from, to)).await, sentence, "{to}");
    }
    for nothing in ["createWorkingGroup", "createWorkingGroup(input: null)", "deleteWorkingGroup"] {
        assert_eq!(ada.is_told(&server, nothing).await, "The argument `input` is required.");
    }
    let longest = good.replace("Tidal energy", &"ü".repeat(200)).replace("nEmployees: 7", "nEmployees: 0");
    ada.manages(&server, &longest.replace(HEIDELBERG, &HEIDELBERG.replace('-', "").to_uppercase())).await;
    server.mails();
}

#[tokio::test]
async fn an_institution_has_one_group_of_a_name_and_a_person_one_group() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let group = ada.founds(&server, "Tidal energy", false).await;
    let again = create("Tidal energy", HEIDELBERG, true);
    let exists = "This working group cannot be created, because it already exists.";
    assert_eq!(bo.is_told(&server, &again).await, exists);
    assert_eq!(ada.is_told(&server, &again).await, exists);
    let elsewhere = create("Tidal energy", OSLO, true);
    assert_eq!(
        ada.is_told(&server, &elsewhere).await,
        "This user cannot create a new working group, since they are already the representative of another working group."
    );
    ada.manages(&server, &add(&bo.email)).await;
    assert_eq!(
        bo.is_told(&server, &elsewhere).await,
        "This user cannot become the group representative, since they are not a member of this working group."
    );
    bo.manages(&server, LEAVE).await;
    bo.manages(&server, &elsewhere).await;
    assert_eq!(bo.place(&server).await, (Some("Tidal energy".to_owned()), true));
    ada.manages(&server, &delete(&group)).await;
    ada.manages(&server, &again).await;
    server.mails();
}

#[tokio::test]
async fn deleting_a_group_sets_its_members_free_and_tells_them() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    let group = ada.founds(&server, "Tidal energy", true).await;
    ada.manages(&server, &add(&bo.email)).await;
    eve.asks_to_join(&server, &group).await;
    ada.manages(&server, &delete(&group.to_uppercase())).await;
    for person in [&ada, &bo] {
        assert_eq!(person.place(&server).await, (None, false));
    }
    assert_eq!(
        eve.sees(&server, "{ me { workinggroupjoinrequestSet { id } } }").await["me"]["workinggroupjoinrequestSet"],
        json!([])
    );
    assert_eq!(eve.is_told(&server, &request(&group)).await, "Working group not found.");
    assert_eq!(
        ada.is_told(&server, &delete(&group)).await,
        "Only group representatives have permission to perform this action."
    );
    let notice = &server.mails_to(&bo.email)[2];
    assert!(notice.text.contains("Your working group was deleted by its representative."), "{}", notice.text);
    assert_eq!(server.mails_to(&ada.email).len(), 2, "the activation mail and the request of eve");
}

#[tokio::test]
async fn only_whoever_speaks_for_a_group_deletes_it() {
    let server = start("").await;
    let (ada, bo, eve) = (server.joins("ada").await, server.joins("bo").await, server.joins("eve").await);
    let public = ada.founds(&server, "Tidal energy", true).await;
    let private = bo.founds(&server, "Wind", false).await;
    ada.manages(&server, &add(&eve.email)).await;
    assert_eq!(
        eve.is_told(&server, &delete(&public)).await,
        "Only group representatives have permission to perform this action."
    );
    assert_eq!(
        bo.is_told(&server, &delete(&public)).await,
        "You are not the representative of the specified working group. Unable to delete"
    );
    for unknown in [private.as_str(), NOWHERE, "nonsense"] {
        assert_eq!(ada.is_told(&server, &delete(unknown)).await, "Working group not found.", "{unknown}");
    }
    server.mails();
}

#[tokio::test]
async fn an_account_that_a_group_depends_on_is_not_deleted_until_the_group_is_in_other_hands() {
    for settings in ["", "accounts.delete = \"deactivate\"\n"] {
        let server = start(settings).await;
        let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
        ada.founds(&server, "Tidal energy", true).await;
        ada.manages(&server, &add(&bo.email)).await;
        server.mails();
        let erase = format!("deleteAccount(password: {PASSWORD:?})");
        let before = server.rows();
        let payload = ada.does(&server, &erase).await;
        assert_refused(&payload, "nonFieldErrors", "represents_working_group");
        assert_eq!(
            payload["errors"]["nonFieldErrors"][0]["message"],
            "You are the representative of a working group. Please hand it over or delete it first."
        );
        assert_eq!(server.rows(), before);
        assert_refused(
            &ada.does(&server, "deleteAccount(password: \"wrong\")").await,
            "password",
            "invalid_password",
        );
        ada.manages(&server, &hand_over(&bo.number(&server).await)).await;
        assert_done(&ada.does(&server, &erase).await);
        assert_eq!(bo.place(&server).await, (Some("Tidal energy".to_owned()), true));
        server.mails();
    }
}
