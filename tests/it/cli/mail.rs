//! `mail list`, `mail show` and `mail retry`.

use serde_json::Value;

use crate::support::program::Site;
use crate::support::serving::activation_link;

/// A site with the registration of ada. Returns the printed mail.
async fn site_with_a_mail() -> (Site, String) {
    let site = Site::with_settings("");
    let server = site.serve();
    server.register("ada").await;
    let mail = server.mail();
    assert_eq!(server.terminate().status, Some(0));
    (site, mail)
}

#[tokio::test]
async fn mail_list_shows_each_mail_without_its_link() {
    let (site, mail) = site_with_a_mail().await;
    let list = site.run(["mail", "list"]).done();
    assert_eq!(list.lines().count(), 1, "{list}");
    for part in ["     1  ", "delivered", "ada@example.org", "Activate your account on localhost:8000"] {
        assert!(list.contains(part), "{part}: {list}");
    }

    let json = site.run(["mail", "list", "--json"]).done();
    let messages: Vec<Value> = serde_json::from_str(&json).expect("a JSON array");
    assert_eq!(messages.len(), 1, "{json}");
    assert_eq!(messages[0]["id"], 1);
    assert_eq!(messages[0]["recipient"], "ada@example.org");
    assert_eq!(messages[0]["attempts"], 1);
    assert_eq!(messages[0]["last_error"], Value::Null);
    assert!(messages[0]["delivered_at"].is_string(), "{json}");
    let link = activation_link(&mail);
    assert!(!list.contains(&link) && !json.contains(&link));
}

#[tokio::test]
async fn mail_show_repeats_the_link() {
    let (site, mail) = site_with_a_mail().await;
    let shown = site.run(["mail", "show", "1"]).done();
    assert!(shown.starts_with("To: ada@example.org\nSubject: Activate your account on "), "{shown}");
    assert!(shown.contains("State: delivered\n"), "{shown}");
    assert_eq!(activation_link(&shown), activation_link(&mail));
}

#[tokio::test]
async fn mail_retry_sends_a_mail_again() {
    let (site, mail) = site_with_a_mail().await;
    let nothing = site.run(["mail", "retry"]).done();
    assert!(nothing.starts_with("Mails queued: 0."), "{nothing}");
    assert!(site.run(["mail", "list"]).done().contains("delivered"));

    let refused = site.run(["mail", "retry", "1"]).refused(1);
    assert_eq!(
        refused,
        "mail 1 has already been delivered, and there is no terminal to ask for confirmation; confirm with --yes"
    );
    assert!(site.run(["mail", "list"]).done().contains("delivered"));

    let due = site.run(["mail", "retry", "1", "--yes"]).done();
    assert!(due.starts_with("Mails queued: 1."), "{due}");
    // A waiting mail needs no confirmation.
    site.run(["mail", "retry", "1"]).done();
    assert!(!site.run(["mail", "list"]).done().contains("delivered"));

    let server = site.serve();
    assert_eq!(server.mail(), mail);
    let end = server.terminate();
    assert_eq!((end.status, end.stdout.as_str()), (Some(0), ""), "{end:?}");
    assert!(site.run(["mail", "list"]).done().contains("delivered"));
}

#[tokio::test]
async fn at_a_terminal_mail_retry_asks_before_a_delivered_mail_leaves_again() {
    let (site, _) = site_with_a_mail().await;
    let retry = ["mail", "retry", "1"];
    let Some(declined) = site.run_at_a_terminal("\n", &retry) else { return };
    let question = "Mail 1 to ada@example.org has already been delivered. Send it again? [y/N] ";
    assert!(declined.stdout.contains(question), "{declined:?}");
    assert_eq!(declined.status, Some(1), "{declined:?}");
    assert!(site.run(["mail", "list"]).done().contains("delivered"));
    let due = site.run_at_a_terminal("y\n", &retry).expect("as before");
    assert!(due.stdout.contains("Mails queued: 1."), "{due:?}");
    assert!(!site.run(["mail", "list"]).done().contains("delivered"));
}

#[test]
fn an_unknown_mail_is_an_error() {
    let site = Site::empty();
    site.run(["migrate"]).done();
    assert_eq!(site.run(["mail", "list"]).done(), "There are no mails.\n");
    assert_eq!(site.run(["mail", "list", "--json"]).done().trim(), "[]");
    for arguments in [["mail", "show", "999"], ["mail", "retry", "999"]] {
        let sentence = site.run(arguments).refused(1);
        assert!(sentence.contains("999") && sentence.contains("`mail list`"), "{sentence}");
    }
}

#[test]
fn listing_mails_and_accounts_creates_no_database() {
    let site = Site::empty();
    for arguments in [
        &["mail", "list"][..],
        &["mail", "list", "--json"],
        &["mail", "show", "1"],
        &["mail", "retry"],
        &["user", "list"],
    ] {
        let sentence = site.run(arguments).refused(1);
        assert!(sentence.contains("data/auth.sqlite3") && sentence.contains("--config"), "{sentence}");
    }
    assert_eq!(site.names(), [] as [&str; 0]);
}
