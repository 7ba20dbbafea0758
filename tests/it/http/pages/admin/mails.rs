//! The outbox on the pages for operators.

use pledge4future_auth::accounts::admin::{self, mails};
use pledge4future_auth::store::audit::StoredActor;

use super::{assert_says, events_since, log_in_staff, start};
use crate::support::page_browser::PageBrowser;

#[tokio::test]
async fn an_operator_reads_a_mail_for_its_link() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let email = server.register("ada").await;
    let ada = server.run(|app| app.store.read(|db| admin::find(db, &email))).ok().expect("an account").id;
    let page = browser.open("/admin/mail?state=waiting").await;
    assert_says(&page, 200, &email);
    let page = browser.open("/admin/mail/1").await;
    assert!(page.says(&email) && !page.says("/activate/"), "{}", page.text());
    let before = server.audit().len();
    let page = browser.submit(&page, "Show the mail", &[]).await;
    assert_says(&page, 200, "/activate/");
    let shown = ("mail_shown".to_owned(), Some("1".to_owned()));
    assert_eq!(events_since(&server, before, ada, StoredActor::Account(staff)), std::slice::from_ref(&shown));
    let before = server.audit().len();
    assert!(server.run(|app| mails::show(app, 1)).is_ok());
    assert_eq!(events_since(&server, before, ada, StoredActor::Operator), [shown]);
    // The link works, and HTML of the mail is not part of the page.
    let link = regex::Regex::new("<code class=\"select\">([^<]+)").expect("a pattern");
    let link = link.captures(&page.html).expect("a link")[1].replace("&#x2f;", "/");
    let path = link.strip_prefix("http://localhost:8000").expect("a link to this server").to_owned();
    assert!(!page.html.contains("<body>\n<p>"), "{}", page.html);
    let mut owner = PageBrowser::new(&server);
    assert_says(&owner.open(&path).await, 200, "Activate your account");
    assert!(browser.open("/account").await.status == 200);
    server.ignore_mail();
}

#[tokio::test]
async fn an_operator_delivers_mails_again() {
    let server = start().await;
    let (mut browser, staff) = log_in_staff(&server).await;
    let email = server.register("ada").await;
    assert_eq!(server.mails_to(&email).len(), 1);
    let page = browser.open("/admin/mail/1").await;
    assert_says(&page, 200, "delivered");
    // Without the tick, a delivered mail is not sent again.
    assert_says(&browser.submit(&page, "Deliver it now", &[]).await, 200, "There was nothing to change.");
    let before = server.audit().len();
    let page = browser.submit(&page, "Deliver it now", &[("again", "on")]).await;
    assert_says(&page, 200, "The mail is queued.");
    let events = events_since(&server, before, 2, StoredActor::Account(staff));
    assert_eq!(events, [("mail_retried".to_owned(), Some("1".to_owned()))]);
    assert_says(&browser.open("/admin/mail?state=waiting").await, 200, &email);
    let before = server.audit().len();
    let page = browser.open("/admin/mail").await;
    let page = browser.submit(&page, "Deliver all now", &[]).await;
    assert_says(&page, 200, "All waiting and refused mails are queued.");
    let events = events_since(&server, before, None, StoredActor::Account(staff));
    assert_eq!(events, [("mails_retried".to_owned(), None)]);
    server.ignore_mail();
    for (state, is_listed) in [("delivered", true), ("waiting", false), ("refused", false), ("", true)] {
        let page = browser.open(&format!("/admin/mail?state={state}")).await;
        assert_eq!(page.says(&email), is_listed, "{state}");
    }
    assert_eq!(browser.open("/admin/mail/99").await.status, 404);
}
