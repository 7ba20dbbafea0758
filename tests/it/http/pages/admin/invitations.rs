//! Invitations on the pages for operators.

use pledge4future_auth::store::audit::StoredActor;

use super::groups::{HEIDELBERG, create_group};
use super::{assert_says, create, events_since, log_in_staff, start};
use crate::support::SEED;
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;

#[tokio::test]
async fn an_operator_invites_to_the_site_and_withdraws_the_invitation() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let by_staff = StoredActor::Account(staff);
    let page = browser.open("/admin/invitations").await;
    assert_says(&page, 200, "There are no open invitations.");
    let refused = browser.submit(&page, "Send the invitation", &[("email", "nonsense")]).await;
    assert_says(&refused, 422, "Enter a valid email address.");
    let before = server.audit().len();
    let page = browser.submit(&page, "Send the invitation", &[("email", "eve@example.org")]).await;
    assert_says(&page, 200, "The invitation is sent.");
    assert!(page.says("eve@example.org by an operator · Works until"), "{}", page.text());
    assert_eq!(events_since(&server, before, None, by_staff), [("invited".to_owned(), None)]);
    let link = format!("/invitation/{}", server.invitation_token("eve@example.org"));
    let mut eve = PageBrowser::new(&server);
    assert_says(&eve.open(&link).await, 200, "You are invited to");
    let withdrawn = browser.submit(&page, "Withdraw", &[]).await;
    assert_says(&withdrawn, 200, "The invitation is withdrawn.");
    assert_says(&withdrawn, 200, "There are no open invitations.");
    assert_says(&eve.open(&link).await, 410, "This invitation no longer works");
    assert_says(&browser.submit(&page, "Withdraw", &[]).await, 422, "There is no such invitation.");
}

#[tokio::test]
async fn an_operator_invites_into_a_working_group_from_its_page() {
    let server = start().await;
    server.import(SEED);
    let (mut browser, _) = log_in_staff(&server).await;
    create(&server, "ada@example.org", false);
    let page = create_group(&mut browser, "Soils", HEIDELBERG, "ada@example.org").await;
    let page = browser.open(&page.link("Invite somebody")).await;
    assert_says(&page, 200, "Invite somebody to Soils");
    let page = browser.submit(&page, "Send the invitation", &[("email", "eve@example.org")]).await;
    assert_eq!(page.link("Soils"), browser.open("/admin/groups").await.link("Soils"));
    let mut eve = PageBrowser::new(&server);
    let invitation = eve.open(&format!("/invitation/{}", server.invitation_token("eve@example.org"))).await;
    let passwords = [("password1", PASSWORD), ("password2", PASSWORD)];
    eve.submit(&invitation, "Create an account", &passwords).await;
    let group = browser.open(&page.link("Soils")).await;
    assert_says(&group, 200, "eve@example.org");
    let unknown = "/admin/invitations?group=0b6f2a52-52e4-4dbb-9f6f-000000000000";
    assert_says(&browser.open(unknown).await, 404, "There is nothing here");
    server.ignore_mail();
}
