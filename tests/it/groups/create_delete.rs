//! `createWorkingGroup`, `deleteWorkingGroup`, and the deletion of representatives.

use serde_json::{Value, json};

use super::{
    HEIDELBERG, NOWHERE, OSLO, add, create, delete, hand_over, leave, request, start, without_arguments,
};
use crate::support::mutation::delete_account;
use crate::support::person::{PASSWORD, assert_done, assert_refused, assert_refused_with};

#[tokio::test]
async fn the_creator_of_a_group_is_its_first_member_and_representative() {
    let server = start("").await;
    let ada = server.sign_up("ada").await;
    let selection = "success workinggroup { name nEmployees isPublic institution { name city state country } \
        field { id field subfield } representative { email isRepresentative } customuserSet { email } \
        workinggroupjoinrequestSet { id } }";
    let create = create("  Tidal energy ", HEIDELBERG, true).select(selection);
    let payload = ada.mutate(&server, &create).await;
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
    assert_eq!(ada.membership(&server).await, (Some("Tidal energy".to_owned()), true));
    assert_eq!(server.mails_to(&ada.email).len(), 1, "a mail besides the activation");
}

#[tokio::test]
async fn invalid_new_groups_are_refused_with_a_message() {
    let server = start("").await;
    let ada = server.sign_up("ada").await;
    let good = create("Tidal energy", HEIDELBERG, true);
    let name = "The name of a working group has 1 to 200 characters, none of them a null character.";
    let not_found = "Institution not found.";
    let bad_field = "Research field is invalid.";
    let negative = "The number of employees cannot be negative.";
    for (argument, value, message) in [
        ("institutionId", json!("heidelberg"), not_found),
        ("institutionId", json!(""), not_found),
        ("institutionId", json!(NOWHERE), not_found),
        ("researchFieldId", json!(99), bad_field),
        ("researchFieldId", json!(-1), bad_field),
        ("nEmployees", json!(-1), negative),
        ("name", json!(" "), name),
        ("name", json!("a\0b"), name),
        ("name", Value::Null, name),
        ("name", json!("ü".repeat(201)), name),
    ] {
        let bad = good.clone().with(argument, value.clone());
        assert_eq!(ada.refusal(&server, &bad).await, message, "{argument}: {value}");
    }
    assert_eq!(ada.refusal(&server, &good.clone().without("name")).await, name);
    for call in ["createWorkingGroup", "createWorkingGroup(input: null)", "deleteWorkingGroup"] {
        let message = ada.refusal(&server, &without_arguments(call)).await;
        assert_eq!(message, "The argument `input` is required.");
    }
    let longest = good.with("name", "ü".repeat(200)).with("nEmployees", 0);
    let upper_case = HEIDELBERG.replace('-', "").to_uppercase();
    ada.mutate(&server, &longest.with("institutionId", upper_case)).await;
    server.ignore_mail();
}

#[tokio::test]
async fn group_names_are_unique_and_people_have_one_group() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let group = ada.create_group(&server, "Tidal energy", false).await;
    let again = create("Tidal energy", HEIDELBERG, true);
    let exists = "This working group cannot be created, because it already exists.";
    assert_eq!(bo.refusal(&server, &again).await, exists);
    assert_eq!(ada.refusal(&server, &again).await, exists);
    let elsewhere = create("Tidal energy", OSLO, true);
    assert_eq!(
        ada.refusal(&server, &elsewhere).await,
        "This user cannot create a new working group, since they are already the representative of another working group."
    );
    ada.mutate(&server, &add(&bo.email)).await;
    assert_eq!(
        bo.refusal(&server, &elsewhere).await,
        "This user cannot become the group representative, since they are not a member of this working group."
    );
    bo.mutate(&server, &leave()).await;
    bo.mutate(&server, &elsewhere).await;
    assert_eq!(bo.membership(&server).await, (Some("Tidal energy".to_owned()), true));
    ada.mutate(&server, &delete(&group)).await;
    ada.mutate(&server, &again).await;
    server.ignore_mail();
}

#[tokio::test]
async fn deleting_a_group_removes_and_notifies_its_members() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    let group = ada.create_group(&server, "Tidal energy", true).await;
    ada.mutate(&server, &add(&bo.email)).await;
    eve.request_join(&server, &group).await;
    // As in the original, prefixes, braces and dashes do not matter.
    let notation = format!("urn:uuid:{{{}}}", group.to_uppercase().replace('-', ""));
    ada.mutate(&server, &delete(&notation)).await;
    for person in [&ada, &bo] {
        assert_eq!(person.membership(&server).await, (None, false));
    }
    assert_eq!(
        eve.query(&server, "{ me { workinggroupjoinrequestSet { id } } }").await["me"]["workinggroupjoinrequestSet"],
        json!([])
    );
    assert_eq!(eve.refusal(&server, &request(&group)).await, "Working group not found.");
    assert_eq!(
        ada.refusal(&server, &delete(&group)).await,
        "Only group representatives have permission to perform this action."
    );
    let notice = &server.mails_to(&bo.email)[2];
    assert!(notice.text.contains("Your working group was deleted by its representative."), "{}", notice.text);
    assert_eq!(server.mails_to(&ada.email).len(), 2, "a mail besides the activation and the request of eve");
}

#[tokio::test]
async fn only_the_representative_deletes_a_group() {
    let server = start("").await;
    let [ada, bo, eve] = server.sign_up_all(["ada", "bo", "eve"]).await;
    let public = ada.create_group(&server, "Tidal energy", true).await;
    let private = bo.create_group(&server, "Wind", false).await;
    ada.mutate(&server, &add(&eve.email)).await;
    assert_eq!(
        eve.refusal(&server, &delete(&public)).await,
        "Only group representatives have permission to perform this action."
    );
    assert_eq!(
        bo.refusal(&server, &delete(&public)).await,
        "You are not the representative of the specified working group. Unable to delete"
    );
    for unknown in [private.as_str(), NOWHERE, "nonsense"] {
        assert_eq!(ada.refusal(&server, &delete(unknown)).await, "Working group not found.", "{unknown}");
    }
    server.ignore_mail();
}

#[tokio::test]
async fn a_representative_cannot_delete_the_account_before_handing_the_group_over() {
    for settings in ["", "accounts.delete = \"deactivate\"\n"] {
        let server = start(settings).await;
        let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
        ada.create_group(&server, "Tidal energy", true).await;
        ada.mutate(&server, &add(&bo.email)).await;
        server.ignore_mail();
        let delete = delete_account(PASSWORD);
        let before = server.rows();
        let payload = ada.mutate(&server, &delete).await;
        assert_refused_with(&payload, "represents_working_group");
        assert_eq!(
            payload["errors"]["nonFieldErrors"][0]["message"],
            "You are the representative of a working group. Please hand it over or delete it first."
        );
        assert_eq!(server.rows(), before);
        assert_refused(&ada.mutate(&server, &delete_account("wrong")).await, "password", "invalid_password");
        ada.mutate(&server, &hand_over(&bo.account_id(&server).await)).await;
        assert_done(&ada.mutate(&server, &delete).await);
        assert_eq!(bo.membership(&server).await, (Some("Tidal energy".to_owned()), true));
        server.ignore_mail();
    }
}
