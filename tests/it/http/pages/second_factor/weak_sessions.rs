//! Sessions that began before their account had a second factor.

use pledge4future_auth::accounts::admin;

use super::PAGE;
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

#[tokio::test]
async fn staff_with_an_app_need_it_to_read_the_pages_for_operators() {
    let server = TestServer::start("mail.notices = false\npages.admin = true\n").await;
    let email = server.register_verified("ada").await;
    assert!(server.run(|app| admin::set_staff(app, &email, true)).is_ok());
    let (mut old, mut new) = (PageBrowser::new(&server), PageBrowser::new(&server));
    old.log_in(&email, PASSWORD).await;
    new.log_in(&email, PASSWORD).await;
    assert_eq!(old.open("/admin/accounts").await.address, "/admin/accounts");
    new.set_up_app(server.now_seconds()).await;
    assert_eq!(new.open("/admin/accounts").await.address, "/admin/accounts");
    let turned_away = old.open("/admin/accounts").await;
    assert!(turned_away.address.starts_with("/account/confirm?next="), "{}", turned_away.address);
    assert_eq!(old.open(PAGE).await.status, 200);
}

#[tokio::test]
async fn a_set_up_is_shown_only_in_its_own_session() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let (mut thief, mut ada) = (PageBrowser::new(&server), PageBrowser::new(&server));
    thief.log_in(&email, PASSWORD).await;
    ada.log_in(&email, PASSWORD).await;
    let page = thief.open(PAGE).await;
    assert!(thief.submit(&page, "Set up an app", &[]).await.html.contains("<svg"));
    assert!(!ada.open(PAGE).await.html.contains("<svg"), "the secret of another session is shown");
    server.ignore_mail();
}
