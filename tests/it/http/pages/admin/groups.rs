//! Working groups, institutions and research fields on the pages for operators.

use pledge4future_auth::groups::admin as groups;
use pledge4future_auth::store::audit::StoredActor;

use super::{assert_says, create, events_since, log_in_staff, start};
use crate::support::SEED;
use crate::support::page_browser::{BrowserPage, PageBrowser};
use crate::support::server::TestServer;

pub const HEIDELBERG: &str = "0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01";
const KARLSRUHE: &str = "1d0f5c0e-6a53-4a1b-8a54-5a3f0b7c2d02";

pub async fn create_group(
    browser: &mut PageBrowser<'_>,
    name: &str,
    institution: &str,
    email: &str,
) -> BrowserPage {
    let page = browser.open("/admin/groups/new?q=Germany").await;
    let values = [("institution", institution), ("name", name), ("research_field", "2"), ("account", email)];
    browser.submit(&page, "Create the group", &values).await
}

fn id_in(page: &BrowserPage) -> String {
    let path = page.address.split('?').next().expect("a path");
    path.rsplit('/').next().expect("an id").to_owned()
}

#[tokio::test]
async fn an_operator_creates_changes_and_deletes_a_group() {
    let server = start().await;
    server.import(SEED);
    let (mut browser, staff) = log_in_staff(&server).await;
    let (ada, bea) = (create(&server, "ada@example.org", false), create(&server, "bea@example.org", false));
    let by_staff = StoredActor::Account(staff);
    let before = server.audit().len();
    let page = create_group(&mut browser, "Biogeochemistry", HEIDELBERG, "ada@example.org").await;
    assert_says(&page, 200, "The working group is created.");
    let id = id_in(&page);
    let with_id = |event: &str| (event.to_owned(), Some(id.clone()));
    assert_eq!(events_since(&server, before, ada, by_staff), [with_id("group_created")]);
    assert_says(&browser.open("/admin/groups?q=heidelberg+bio").await, 200, "ada@example.org");
    assert_says(&browser.open("/admin/groups?q=oslo").await, 200, "No working group matches.");

    let refused = browser.submit(&page, "Set the representative", &[("account", "nobody")]).await;
    assert_says(&refused, 422, "no account has the address, username or id");
    let before = server.audit_lines().len();
    let page = browser.submit(&page, "Set the representative", &[("account", "bea@example.org")]).await;
    assert_says(&page, 200, "The group has a new representative");
    let changed = [
        format!("{ada} representation_taken {staff} {id}"),
        format!("{bea} member_added {staff} {id}"),
        format!("{bea} representation_given {staff} {id}"),
    ];
    assert_eq!(server.audit_lines()[before..], changed);

    let refused = browser.submit(&page, "Delete the group", &[]).await;
    assert_says(&refused, 422, "Tick the box");
    let before = server.audit_lines().len();
    let page = browser.submit(&page, "Delete the group", &[("confirmed", "on")]).await;
    assert_says(&page, 200, "The working group is deleted.");
    let deleted = [ada, bea].map(|member| format!("{member} group_deleted {staff} {id}"));
    assert_eq!(server.audit_lines()[before..], deleted);
    assert_eq!(browser.open(&format!("/admin/groups/{id}")).await.status, 404);
    server.ignore_mail();
}

#[tokio::test]
async fn an_operator_adds_and_corrects_institutions_and_fields() {
    let server = start().await;
    server.import(SEED);
    let (mut browser, staff) = log_in_staff(&server).await;
    let by_staff = StoredActor::Account(staff);
    let page = browser.open("/admin/institutions/new").await;
    let refused = browser.submit(&page, "Add the institution", &[("name", " ")]).await;
    assert_says(&refused, 422, "This field is required.");
    let before = server.audit().len();
    let values = [("name", "Freie Universität"), ("city", "Berlin"), ("country", "Germany")];
    let page = browser.submit(&page, "Add the institution", &values).await;
    assert_says(&page, 200, "Freie Universität, Berlin, Germany");
    let page = browser.submit(&page, "Save", &[("name", "Freie Universität Berlin")]).await;
    assert_says(&page, 200, "Freie Universität Berlin, Berlin, Germany");
    assert_says(&browser.submit(&page, "Save", &[]).await, 200, "There was nothing to change.");
    let id = Some(id_in(&page));
    assert_eq!(
        events_since(&server, before, None, by_staff),
        [("institution_added".to_owned(), id.clone()), ("institution_changed".to_owned(), id)]
    );
    assert_says(&browser.open("/admin/institutions?q=berlin+universitat").await, 200, "Freie");

    let before = server.audit().len();
    let page = browser.open("/admin/research-fields").await;
    let values = [("field", "Medicine"), ("subfield", "Surgry")];
    let page = browser.submit(&page, "Add the research field", &values).await;
    assert_eq!(page.address, "/admin/research-fields/6?done=added");
    let page = browser.submit(&page, "Save", &[("subfield", "Surgery")]).await;
    assert_says(&page, 200, "Medicine: Surgery");
    let page = browser.submit(&page, "Merge", &[("into", "2")]).await;
    assert_eq!(page.address, "/admin/research-fields/2?done=merged");
    assert_eq!(browser.open("/admin/research-fields/6").await.status, 404);
    let detail = |event: &str, id: &str| (event.to_owned(), Some(id.to_owned()));
    assert_eq!(
        events_since(&server, before, None, by_staff),
        [
            detail("research_field_added", "6"),
            detail("research_field_changed", "6"),
            detail("research_field_merged", "2")
        ]
    );
}

#[tokio::test]
async fn a_merge_moves_groups_unless_their_names_clash() {
    let server = start().await;
    server.import(SEED);
    let (mut browser, staff) = log_in_staff(&server).await;
    for name in ["ada", "bea", "cyd"] {
        create(&server, &format!("{name}@example.org"), false);
    }
    for (name, institution, email) in [
        ("Soils", HEIDELBERG, "ada@example.org"),
        ("Soils", KARLSRUHE, "bea@example.org"),
        ("Oceans", KARLSRUHE, "cyd@example.org"),
    ] {
        assert_eq!(create_group(&mut browser, name, institution, email).await.status, 200);
    }
    let page = browser.open(&format!("/admin/institutions/{KARLSRUHE}?q=heidelberg")).await;
    let refused = browser.submit(&page, "Merge", &[("into", HEIDELBERG)]).await;
    assert_says(&refused, 422, "Both institutions have working groups with these names: Soils.");
    assert_eq!(institutions_of_groups(&server), [HEIDELBERG, KARLSRUHE, KARLSRUHE]);
    let soils = browser.open("/admin/groups?q=karlsruhe+soils").await.link("Soils");
    let soils = browser.open(&soils).await;
    browser.submit(&soils, "Delete the group", &[("confirmed", "on")]).await;
    let before = server.audit().len();
    let page = browser.submit(&page, "Merge", &[("into", HEIDELBERG)]).await;
    assert_says(&page, 200, "The entries are merged.");
    let merged = ("institution_merged".to_owned(), Some(HEIDELBERG.to_owned()));
    assert_eq!(events_since(&server, before, None, StoredActor::Account(staff)), [merged]);
    assert_eq!(institutions_of_groups(&server), [HEIDELBERG, HEIDELBERG]);
    assert_eq!(browser.open(&format!("/admin/institutions/{KARLSRUHE}")).await.status, 404);
    server.ignore_mail();
}

fn institutions_of_groups(server: &TestServer) -> Vec<String> {
    let Ok(groups) = server.run(groups::list) else { panic!("groups cannot be listed") };
    groups.into_iter().filter_map(|found| Some(found.group.institution?.id)).collect()
}
