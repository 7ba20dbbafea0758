//! Representatives and operators in a browser: with and without scripts, on a desktop and on a phone.

use super::browser_life::{DESKTOP, PHONE, with_person};
use crate::support::browser::Browser;

#[tokio::test]
async fn a_representative_looks_after_the_group_on_a_desktop() {
    let Some(browser) = Browser::start().await else { return };
    represent(&browser, DESKTOP).await;
}

#[tokio::test]
async fn a_representative_looks_after_the_group_on_a_phone_without_scripts() {
    let Some(browser) = Browser::start_without_scripts().await else { return };
    represent(&browser, PHONE).await;
}

#[tokio::test]
async fn an_operator_looks_after_accounts_on_a_desktop() {
    let Some(browser) = Browser::start().await else { return };
    operate(&browser, DESKTOP).await;
}

#[tokio::test]
async fn an_operator_looks_after_accounts_on_a_phone_without_scripts() {
    let Some(browser) = Browser::start_without_scripts().await else { return };
    operate(&browser, PHONE).await;
}

/// Answers a request, invites, removes a member, hands the group over and leaves it.
async fn represent(browser: &Browser, size: (u32, u32)) {
    let server = with_person(browser, "").await;
    browser.resize(size).await;
    browser.open(&server, "/account").await;
    browser.click("a[href='/account/group']").await;
    for (button, fields, status) in [
        ("Accept: mia", &[][..], "The request is accepted."),
        ("Send the invitation", &[("email", "gus@example.org")], "The invitation is sent."),
        ("Withdraw: gus@example.org", &[], "The invitation is withdrawn."),
        ("Remove: mia", &[], "The member is removed from the group."),
        ("Make representative: eve", &[], "The group has another representative now."),
        ("Leave Tides", &[], "You have left the working group."),
    ] {
        browser.submit(button, fields).await;
        browser.wait_for_status(status).await;
    }
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

/// Finds an account, deactivates and activates it, sends its owner a link, and has waiting mails delivered.
async fn operate(browser: &Browser, size: (u32, u32)) {
    let server = with_person(browser, "pages.admin = true\n").await;
    server.operator().run(["user", "staff", "ada@example.org"]).done();
    browser.resize(size).await;
    browser.open(&server, "/account").await;
    browser.click("a[href='/admin']").await;
    browser.click("a[href='/admin/accounts']").await;
    browser.submit("Search", &[("q", "eve")]).await;
    browser.wait_for("input[name=q][value=eve]").await;
    browser.click("main a[href='/admin/accounts/2']").await;
    browser.submit("Deactivate", &[]).await;
    browser.wait_for_status("The account is deactivated, and all its sessions have ended.").await;
    browser.submit("Activate", &[]).await;
    browser.wait_for_status("The account is active.").await;
    browser.submit("Send a link to choose a password", &[]).await;
    browser.wait_for_status("We have mailed the owner a link to choose a password.").await;
    browser.click("a[href='/admin/mail']").await;
    browser.submit("Deliver all now", &[]).await;
    browser.wait_for("[role=status]").await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}
