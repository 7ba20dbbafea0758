//! Secondary addresses.

use std::time::Duration;

use serde_json::Value;

use crate::support::mutation::{remove_secondary_email, swap_emails, verify_secondary_email};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused_with};
use crate::support::server::TestServer;

#[tokio::test]
async fn only_the_last_requested_secondary_address_can_be_confirmed() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ann = server.sign_up("ann").await;
    let request = async |address: &str| {
        server.advance(Duration::from_mins(1));
        ann.request_secondary_email(&server, address).await
    };
    let verify = async |link: &str| server.mutate(None, &verify_secondary_email(link)).await;
    let (wrong, right) = ("ann@mistyped.example", "ann@elsewhere.example");
    let mistyped = request(wrong).await;
    let twice = [request(right).await, request(right).await];
    assert_refused_with(&verify(&mistyped).await, "invalid_token");
    assert_done(&verify(&twice[0]).await);
    assert_refused_with(&verify(&mistyped).await, "invalid_token");
    assert_done(&ann.mutate(&server, &remove_secondary_email(PASSWORD)).await);
    assert_refused_with(&verify(&twice[1]).await, "invalid_token");
    let page = server.raw(reqwest::Method::GET, &format!("/activate-secondary/{}", twice[1]));
    let page = page.header("Accept", "text/html").send().await.expect("a page").text().await.expect("a page");
    assert!(page.contains("used"), "{page}");
    assert_eq!(ann.me(&server).await["secondaryEmail"], Value::Null);
    assert_done(&verify(&request(right).await).await);
    assert_eq!(ann.me(&server).await["secondaryEmail"], right);
}

#[tokio::test]
async fn removing_a_secondary_address_invalidates_its_reset_link() {
    let server = TestServer::start("mail.notices = false\n").await;
    let ada = server.sign_up("ada").await;
    let second = "ada@elsewhere.example";
    ada.add_secondary_email(&server, second).await;

    let reset = server.request_reset(second).await;
    assert_eq!(server.mails_to(&ada.email).len(), 1, "the link was sent to the primary address too");
    assert_done(&ada.mutate(&server, &remove_secondary_email(PASSWORD)).await);
    assert_refused_with(&server.reset_password(&reset, OTHER_PASSWORD).await, "invalid_token");
    assert_refused_with(&server.try_log_in(second, PASSWORD).await, "invalid_credentials");
    assert_eq!(ada.me(&server).await["secondaryEmail"], Value::Null);
}

#[tokio::test]
async fn the_owner_is_notified_of_address_changes_at_both_addresses() {
    let server = TestServer::start("").await;
    let ada = server.sign_up("ada").await;
    let second = "ada@elsewhere.example";
    let token = ada.request_secondary_email(&server, second).await;
    assert_eq!(server.mails_to(&ada.email).len(), 1, "a notice was sent before the address was confirmed");
    assert_done(&server.mutate(None, &verify_secondary_email(&token)).await);
    assert!(server.mails_to(&ada.email)[1].text.contains("A secondary address was added to your account."));

    assert_done(&ada.mutate(&server, &swap_emails(PASSWORD)).await);
    for address in [ada.email.as_str(), second] {
        let mails = server.mails_to(address);
        assert!(mails.last().expect("a mail").text.contains("were swapped"), "{address}");
    }
    let swapped = server.log_in(second, PASSWORD).await;
    assert_eq!(swapped.me(&server).await["email"], second);
}
