//! What the audit tells of working groups: of each account to which something happened, and by whom.

use pledge4future_auth::groups::admin;

use super::{LEAVE, add, answer, delete, enter, hand_over, remove, start};
use crate::support::server::TestServer;

/// What was noted since so many entries, with one group's id left out.
fn since(server: &TestServer, before: usize, group: &str) -> Vec<String> {
    server.happened()[before..].iter().map(|told| told.replace(group, "group")).collect()
}

#[tokio::test]
async fn what_happens_in_a_group_is_told_of_each_account_it_happens_to() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let cleo = server.joins("cleo").await;
    let before = server.happened().len();
    let group = ada.founds(&server, "Tides", true).await;
    let wish = bo.asks_to_join(&server, &group).await;
    ada.manages(&server, &answer(&wish, true)).await;
    let wish = cleo.asks_to_join(&server, &group).await;
    ada.manages(&server, &answer(&wish, false)).await;
    ada.manages(&server, &add(&cleo.email)).await;
    ada.manages(&server, &remove("3")).await;
    ada.manages(&server, &hand_over("2")).await;
    ada.manages(&server, LEAVE).await;
    ada.manages(&server, LEAVE).await;
    bo.manages(&server, &add(&cleo.email)).await;
    assert!(admin::set_representative(server.app(), &group, "cleo").is_ok());
    assert!(admin::set_representative(server.app(), &group, "ada").is_ok());
    bo.is_told(&server, &delete(&group)).await;
    ada.manages(&server, &delete(&group)).await;
    server.mails();
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
async fn who_walks_from_one_group_into_another_left_the_first() {
    let server = start("groups.joining = \"open\"\n").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let cleo = server.joins("cleo").await;
    let (tides, reefs) = (ada.founds(&server, "Tides", true).await, bo.founds(&server, "Reefs", true).await);
    let before = server.happened().len();
    for group in [&tides, &reefs, &reefs] {
        cleo.manages(&server, &enter(group)).await;
    }
    server.mails();
    assert_eq!(
        server.happened()[before..],
        [
            format!("3 group_joined owner {tides}"),
            format!("3 group_left owner {tides}"),
            format!("3 group_joined owner {reefs}"),
        ]
    );
}

#[tokio::test]
async fn an_approval_that_is_rolled_back_is_not_told() {
    let server = start("").await;
    let (ada, bo) = (server.joins("ada").await, server.joins("bo").await);
    let cleo = server.joins("cleo").await;
    let (tides, reefs) = (ada.founds(&server, "Tides", true).await, bo.founds(&server, "Reefs", true).await);
    let (first, second) =
        (cleo.asks_to_join(&server, &tides).await, cleo.asks_to_join(&server, &reefs).await);
    ada.manages(&server, &answer(&first, true)).await;
    server.mails();
    let before = server.happened();
    bo.is_told(&server, &answer(&second, true)).await;
    assert_eq!(server.happened(), before);
}
