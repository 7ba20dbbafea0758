//! Passkeys on the pages, with the answers of a security key in place of a browser's.

use super::{LATER, ORIGIN, PAGE, assert_says, passkey_options};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::security_key::SecurityKey;
use crate::support::server::TestServer;

const CONFIRM: &str = "/account/confirm?next=/account/data";

#[tokio::test]
async fn only_a_passkey_of_the_own_account_confirms_a_login() {
    let server = TestServer::start("mail.notices = false\n").await;
    let (mut keys, mut browsers) = (Vec::new(), Vec::new());
    for name in ["ada", "mia"] {
        let email = server.register_verified(name).await;
        let (mut browser, mut key) = (PageBrowser::new(&server), SecurityKey::new());
        browser.log_in(&email, PASSWORD).await;
        browser.add_passkey(&mut key, "Key").await;
        keys.push(key);
        browsers.push(browser);
    }
    let [ada, mia] = browsers.as_mut_slice() else { panic!("two browsers") };
    server.advance(LATER);
    let before = ada.cookies["p4f"].clone();

    let page = ada.open(CONFIRM).await;
    let answer = keys[1].log_in(&passkey_options(&page), ORIGIN).to_string();
    let refused = ada.submit(&page, "Use a passkey", &[("passkey", &answer)]).await;
    assert_says(&refused, 422, "This passkey belongs to another account.");
    assert_eq!(ada.cookies["p4f"], before);

    let page = ada.open(CONFIRM).await;
    let answer = keys[0].log_in(&passkey_options(&page), ORIGIN).to_string();
    let form = page.form("Use a passkey").with("passkey", &answer);
    let confirmed = ada.send(&form).await;
    assert_eq!((confirmed.status, confirmed.address.as_str()), (200, "/account/data"));
    assert_ne!(ada.cookies["p4f"], before, "the cookie stays");
    let own = mia.open(CONFIRM).await.form("Use a passkey");
    let challenge = &form.fields.iter().find(|(name, _)| name == "challenge").expect("a challenge").1;
    let stolen = own.with("passkey", &answer).with("challenge", challenge);
    assert_says(&mia.send(&stolen).await, 422, "The passkey could not be verified.");
    assert_eq!(server.audit_lines().iter().filter(|line| line.contains("passkey_confirmed")).count(), 1);
    // The page of second factors asks for nothing more.
    let page = ada.open(PAGE).await;
    assert!(page.form("Make new recovery codes").fields.iter().all(|(name, _)| name != "password"));
}
