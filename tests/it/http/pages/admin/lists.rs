//! The overview, searches and the settings on the pages for operators.

use std::time::Duration;

use super::{STAFF, assert_says, create, log_in_staff, start};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

#[tokio::test]
async fn the_overview_counts_accounts_logins_and_mails() {
    let server = start().await;
    log_in_staff(&server).await;
    server.register("ada").await;
    server.advance(Duration::from_hours(24));
    create(&server, "bea@example.org", false);
    server.log_in("bea@example.org", PASSWORD).await;
    server.try_log_in("bea@example.org", "wrong-Password-9").await;
    let mut browser = PageBrowser::new(&server);
    browser.log_in(STAFF, PASSWORD).await;
    let page = browser.open("/admin").await;
    for sentence in [
        "All accounts 3",
        "With a confirmed address 2",
        "Not confirmed yet 1",
        "Staff 1",
        "Waiting mails 1",
        "Registrations: 3 in all, at most 2 a day",
        "Logins: 3 in all, at most 2 a day",
        "Refused logins: 1 in all, at most 1 a day",
        "2026-03-02 2",
    ] {
        assert_says(&page, 200, sentence);
    }
    assert_eq!(page.html.matches("role=\"img\"").count(), 5);
    server.ignore_mail();
    // The counts of days that have ended are kept, and those of today are not.
    server.log_in("bea@example.org", PASSWORD).await;
    let page = browser.open("/admin").await;
    assert_says(&page, 200, "Logins: 4 in all, at most 3 a day");
    assert_says(&page, 200, "Delivered mails: 1 in all");
}

#[tokio::test]
async fn the_overview_shows_the_last_backup() {
    let server = start().await;
    let (mut browser, _) = log_in_staff(&server).await;
    assert_says(&browser.open("/admin").await, 200, "Last backup unknown");
    let site = server.operator();
    site.run(["backup", "copy.sqlite3"]).done();
    let page = browser.open("/admin").await;
    assert!(page.says("Last backup 20") && !page.says("Last backup unknown"), "{}", page.text());
}

#[tokio::test]
async fn accounts_are_found_by_parts_and_by_state() {
    let server = start().await;
    let (mut browser, _) = log_in_staff(&server).await;
    server.register("ada").await;
    let zoe = create(&server, "zoe.moeller@example.com", false);
    for (query, found) in [
        ("q=EXAMPLE.ORG", vec!["ada@example.org", STAFF]),
        ("q=Moeller", vec!["zoe.moeller@example.com"]),
        ("q=ADA", vec!["ada@example.org"]),
        (&format!("q={zoe}"), vec!["zoe.moeller@example.com"]),
        ("q=%25", vec![]),
        ("state=unverified", vec!["ada@example.org"]),
        ("state=staff", vec![STAFF]),
        ("state=deactivated", vec![]),
        ("q=example.com&state=staff", vec![]),
        ("after=1", vec!["ada@example.org", "zoe.moeller@example.com"]),
    ] {
        let page = browser.open(&format!("/admin/accounts?{query}")).await;
        let main = page.html.split("id=\"main\"").nth(1).expect("the content").to_owned();
        for email in ["ada@example.org", "zoe.moeller@example.com", STAFF] {
            assert_eq!(main.contains(email), found.contains(&email), "{query}: {email}");
        }
        assert_eq!(page.says("No account matches."), found.is_empty(), "{query}");
    }
    server.ignore_mail();
}

#[tokio::test]
async fn long_lists_have_several_pages() {
    let server = start().await;
    let (mut browser, _) = log_in_staff(&server).await;
    for number in 0..55 {
        create(&server, &format!("member{number}@example.org"), false);
    }
    let page = browser.open("/admin/accounts?q=member").await;
    assert!(page.says("member49@example.org") && !page.says("member50@example.org"));
    let page = browser.open(&page.link("More accounts")).await;
    assert!(page.says("member54@example.org") && !page.says("member49@example.org"));
    assert!(!page.says("More accounts"));
    let page = browser.open("/admin/audit?event=registered").await;
    assert!(page.says("member54@example.org") && !page.says("member4@example.org"));
    let page = browser.open(&page.link("Older entries")).await;
    assert!(page.says("member4@example.org") && !page.says("member54@example.org"));
}

#[tokio::test]
async fn the_audit_log_is_filtered() {
    let server = start().await;
    let (_, staff) = log_in_staff(&server).await;
    let ada = create(&server, "ada@example.org", false);
    server.advance(Duration::from_hours(24));
    let mut browser = PageBrowser::new(&server);
    browser.log_in(STAFF, PASSWORD).await;
    let page = browser.open(&format!("/admin/accounts/{ada}")).await;
    browser.submit(&page, "Deactivate", &[]).await;
    for (query, listed, missing) in [
        ("", "deactivated", "nothing_like_this"),
        ("account=ada%40example.org", "deactivated", "logged_in"),
        ("account=2&event=registered", "ada@example.org", "deactivated"),
        ("account=desk%40example.org&event=deactivated", "ada@example.org", "registered"),
        ("event=logged_in", STAFF, "ada@example.org"),
        ("actor=account", "ada@example.org", "an operator"),
        ("actor=operator", "an operator", "the owner"),
        ("from=2026-03-02", "deactivated", "registered"),
        ("to=2026-03-01", "registered", "deactivated"),
        ("address=127.0.0.1", "deactivated", "registered"),
        ("address=192.0.2.1", "There are no entries.", "deactivated"),
        ("account=nobody", "No account has this address, username or id.", "deactivated"),
        ("account=77", "There are no entries.", "deactivated"),
    ] {
        let page = browser.open(&format!("/admin/audit?{query}")).await;
        // The list of events to choose from names all.
        let text =
            page.html.split("<form").last().expect("a form").split("</form>").nth(1).unwrap_or_default();
        let text = if query == "account=nobody" { page.html.as_str() } else { text };
        assert!(text.contains(listed), "{query}: {text}");
        assert!(query == "account=nobody" || !text.contains(missing), "{query}: {text}");
    }
    let page = browser.open(&format!("/admin/audit?account={staff}")).await;
    assert!(page.says("Caused by: the owner"));
}

#[tokio::test]
async fn the_settings_page_shows_no_secret() {
    let server = TestServer::start(
        "pages.admin = true\nsecret_key = \"a secret of thirty-two characters\"\nsite_name = \"Kelp & Co\"\n",
    )
    .await;
    let (mut browser, _) = log_in_staff(&server).await;
    let page = browser.open("/admin/settings").await;
    assert_says(&page, 200, "site_name \"Kelp & Co\" changed");
    assert_says(&page, 200, "groups.joining \"request\"");
    assert!(!page.says("thirty-two"), "{}", page.text());
    let page = browser.open(&page.link("Show only changed settings")).await;
    assert!(page.says("site_name") && !page.says("groups.joining"));
}
