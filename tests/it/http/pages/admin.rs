//! The pages for operators, as staff use them without JavaScript.

use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_person_logs_in_and_out_on_the_pages() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.log_in(&email, PASSWORD).await;
    assert!(page.says("ada@example.org"), "{}", page.text());
    let page = browser.submit(&page, "Log out", &[]).await;
    assert_eq!(page.address, "/account/login?done=logged_out");
}
