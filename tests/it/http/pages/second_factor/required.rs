//! Second factors that the site requires.

use super::{ORIGIN, PAGE, assert_says, passkey_options, recovery_codes};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::phone::Phone;
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_required_second_factor_is_set_up_before_everything_else() {
    let server = TestServer::start("second_factor.required_for = \"all\"\n").await;
    let email = server.register_verified("ada").await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.open("/account/profile").await;
    let page = browser.submit(&page, "Log in", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(page.address, "/account/second-factor?next=%2Faccount%2Fprofile");
    assert_says(&page, 200, "This site requires a second factor of your account.");
    for path in ["/account", "/account/emails", "/account/delete", "/account/group/new", "/account/data"] {
        assert!(browser.open(path).await.address.starts_with("/account/second-factor?next="), "{path}");
    }
    let page = browser.submit(&page, "Set up an app", &[]).await;
    let phone = Phone::scan(&page.link("Open an app on this device"));
    let (code, wrong) = (server.code(&phone), server.wrong_code(&phone));
    let refused = browser.submit(&page, "Finish the set-up", &[("code", &wrong)]).await;
    assert_says(&refused, 422, "This site requires a second factor of your account.");
    let done = browser.submit(&refused, "Finish the set-up", &[("code", &code)]).await;
    let page = browser.open(&done.link("I have saved the codes")).await;
    assert_eq!((page.status, page.address.as_str()), (200, "/account/profile"));

    // After the removal, another one must be set up.
    let page = browser.open(PAGE).await;
    let entered = [("password", PASSWORD), ("code", &recovery_codes(&done.html)[0])];
    let removed = browser.submit(&page, "Remove the app", &entered).await;
    assert_says(&removed, 200, "This site requires a second factor of your account.");
    assert!(browser.open("/account/profile").await.address.starts_with("/account/second-factor?next="));
    let page = browser.submit(&removed, "Set up an app", &[]).await;
    Phone::scan(&page.link("Open an app on this device"));
    server.ignore_mail();
}

#[tokio::test]
async fn staff_set_up_a_required_second_factor_before_they_enter_admin() {
    let server = TestServer::start("pages.admin = true\nsecond_factor.required_for = \"staff\"\n").await;
    let (desk, plain) = (server.register_verified("desk").await, server.register_verified("ada").await);
    server.operator().run(["user", "staff", &desk]).done();
    PageBrowser::new(&server).log_in(&plain, PASSWORD).await;
    let mut browser = PageBrowser::new(&server);
    let page = browser.open("/admin/accounts?state=staff").await;
    let page = browser.submit(&page, "Log in", &[("email", &desk), ("password", PASSWORD)]).await;
    assert_eq!(page.address, "/account/second-factor?next=%2Fadmin%2Faccounts%3Fstate%3Dstaff");
    let mut key = SecurityKey::new();
    let page = browser.submit(&page, "Add a passkey", &[]).await;
    let answer = key.register(&passkey_options(&page), ORIGIN).to_string();
    let done = browser.submit(&page, "Create the passkey", &[("name", "Key"), ("passkey", &answer)]).await;
    assert_says(&done, 200, "Your recovery codes");
    let page = browser.open(&done.link("I have saved the codes")).await;
    assert_eq!((page.status, page.address.as_str()), (200, "/admin/accounts?state=staff"));
    server.ignore_mail();
}
