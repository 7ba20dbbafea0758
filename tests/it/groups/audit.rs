//! What the audit records of working groups.

use pledge4future_auth::groups::admin;

use super::{add, answer, delete, enter, hand_over, leave, remove, start};
use crate::support::server::TestServer;

/// Returns the lines after the first ones, with `group` in place of the id.
fn since(server: &TestServer, before: usize, group: &str) -> Vec<String> {
    server.audit_lines()[before..].iter().map(|line| line.replace(group, "group")).collect()
}

#[tokio::test]
async fn group_changes_are_recorded_for_each_affected_account() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let cleo = server.sign_up("cleo").await;
    let before = server.audit_lines().len();
    let group = ada.create_group(&server, "Tides", true).await;
    let request = bo.request_join(&server, &group).await;
    ada.mutate(&server, &answer(&request, true)).await;
    let request = cleo.request_join(&server, &group).await;
    ada.mutate(&server, &answer(&request, false)).await;
    ada.mutate(&server, &add(&cleo.email)).await;
    ada.mutate(&server, &remove("3")).await;
    ada.mutate(&server, &hand_over("2")).await;
    ada.mutate(&server, &leave()).await;
    ada.mutate(&server, &leave()).await;
    bo.mutate(&server, &add(&cleo.email)).await;
    assert!(server.run(|app| admin::set_representative(app, &group, "cleo")).is_ok());
    assert!(server.run(|app| admin::set_representative(app, &group, "ada")).is_ok());
    bo.refusal(&server, &delete(&group)).await;
    ada.mutate(&server, &delete(&group)).await;
    server.ignore_mail();
    assert_eq!(
        since(&server, before, &group),
        [
            "1 group_created owner group",
            "2 join_request_made owner group",
            "2 join_request_approved 1 group",
            "2 member_added 1 group",
            "3 join_request_made owner group",
            "3 join_request_declined 1 group",
            "3 member_added 1 group",
            "3 member_removed 1 group",
            "1 representation_taken owner group",
            "2 representation_given 1 group",
            "1 group_left owner group",
            "3 member_added 2 group",
            "2 representation_taken operator group",
            "3 representation_given operator group",
            "3 representation_taken operator group",
            "1 member_added operator group",
            "1 representation_given operator group",
            "1 group_deleted owner group",
            "2 group_deleted 1 group",
            "3 group_deleted 1 group",
        ]
    );
}

#[tokio::test]
async fn entering_another_group_is_recorded_as_leaving_the_first() {
    let server = start("groups.joining = \"open\"\n").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let cleo = server.sign_up("cleo").await;
    let (tides, reefs) =
        (ada.create_group(&server, "Tides", true).await, bo.create_group(&server, "Reefs", true).await);
    let before = server.audit_lines().len();
    for group in [&tides, &reefs, &reefs] {
        cleo.mutate(&server, &enter(group)).await;
    }
    server.ignore_mail();
    assert_eq!(
        server.audit_lines()[before..],
        [
            format!("3 group_joined owner {tides}"),
            format!("3 group_left owner {tides}"),
            format!("3 group_joined owner {reefs}"),
        ]
    );
}

#[tokio::test]
async fn an_approval_that_is_rolled_back_is_not_recorded() {
    let server = start("").await;
    let [ada, bo] = server.sign_up_all(["ada", "bo"]).await;
    let cleo = server.sign_up("cleo").await;
    let (tides, reefs) =
        (ada.create_group(&server, "Tides", true).await, bo.create_group(&server, "Reefs", true).await);
    let (first, second) =
        (cleo.request_join(&server, &tides).await, cleo.request_join(&server, &reefs).await);
    ada.mutate(&server, &answer(&first, true)).await;
    server.ignore_mail();
    let before = server.audit_lines();
    bo.refusal(&server, &answer(&second, true)).await;
    assert_eq!(server.audit_lines(), before);
}
