//! The outbox: delivery, delays and outages.

use std::time::Duration;

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::mail::Outage;
use pledge4future_auth::outbox::{self, DeliveryReport};
use pledge4future_auth::store;

use crate::support::mutation::register;
use crate::support::person::{PASSWORD, assert_done};
use crate::support::server::TestServer;

fn deliver(server: &TestServer) -> DeliveryReport {
    server.run(|app| outbox::deliver_until(app, || false)).expect("a delivery")
}

#[tokio::test]
async fn a_mail_that_fails_is_retried_with_growing_waits() {
    let server = TestServer::start("").await;
    let mail = server.data().join("mail");
    std::fs::remove_dir(&mail).expect("an empty folder");
    server.register("ada").await;

    assert_eq!(deliver(&server), DeliveryReport { delivered: 0, failed: 1, ..DeliveryReport::default() });
    assert_eq!(deliver(&server), DeliveryReport::default(), "the mail was retried at once");
    server.advance(Duration::from_secs(30));
    assert_eq!(deliver(&server), DeliveryReport { delivered: 0, failed: 1, ..DeliveryReport::default() });
    server.advance(Duration::from_secs(30));
    assert_eq!(deliver(&server), DeliveryReport::default(), "the second wait is not longer than the first");
    let waiting = server
        .run(|app| app.store.read(|db| store::outbox::find_by_id(db, 1)))
        .expect("a database")
        .expect("a mail");
    assert_eq!(waiting.attempts, 2);
    assert!(waiting.last_error.expect("a reason").contains("mail"));

    std::fs::create_dir(&mail).expect("a folder");
    server.advance(Duration::from_secs(30));
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 0, ..DeliveryReport::default() });
    assert_eq!(deliver(&server), DeliveryReport::default());
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_mail_that_fails_does_not_delay_others() {
    let server = TestServer::start("").await;
    server.register("ada").await;
    let blocked =
        server.data().join("mail").join(format!("{:020}-00000001.eml", server.app().clock.now().micros()));
    std::fs::create_dir(&blocked).expect("a folder where the mail belongs");
    server.register("bo").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 1, ..DeliveryReport::default() });

    std::fs::remove_dir(&blocked).expect("the folder");
    assert_eq!(server.mails_to("bo@example.org").len(), 1);
    server.advance(Duration::from_secs(30));
    assert_eq!(server.mails_to("ada@example.org").len(), 1);
}

#[tokio::test]
async fn a_mail_to_an_unusable_address_is_given_up_and_others_leave() {
    let server = TestServer::start("").await;
    let strange = "\"\u{1b}]0;owned\u{7}\"@example.org";
    let register = register(strange, PASSWORD).with("username", "strange");
    assert_done(&server.mutate(None, &register).await);
    server.register("bo").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, refused: 1, failed: 0 });
    let given_up = server
        .run(|app| app.store.read(|db| store::outbox::find_by_id(db, 1)))
        .expect("a database")
        .expect("a mail");
    assert_eq!(given_up.recipient, strange);
    assert!(given_up.last_error.expect("a reason").contains("not a valid mail address"));
    assert_eq!(server.mails_to("bo@example.org").len(), 1);
}

#[tokio::test]
async fn a_delivered_mail_is_sent_again_only_on_request() {
    let server = TestServer::start("").await;
    server.register("ada").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 0, ..DeliveryReport::default() });
    let now = server.app().clock.now();
    let set_due = |again| server.run(|app| app.store.write(|tx| store::outbox::set_due(tx, 1, now, again)));
    assert!(!set_due(false).expect("a database"));
    assert_eq!(deliver(&server), DeliveryReport::default());
    assert!(set_due(true).expect("a database"));
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 0, ..DeliveryReport::default() });
    server.ignore_mail();
}

#[tokio::test]
async fn delivered_mails_are_deleted_after_a_week() {
    let server = TestServer::start("").await;
    server.register("ada").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 0, ..DeliveryReport::default() });
    server.advance(Duration::from_secs(7 * 24 * 3600 + 1));
    server.register("bo").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 0, ..DeliveryReport::default() });
    let kept = server.run(|app| app.store.read(store::outbox::list)).expect("a database");
    assert_eq!(kept.iter().map(|mail| mail.recipient.as_str()).collect::<Vec<_>>(), ["bo@example.org"]);
}

#[test]
fn an_interrupted_attempt_does_not_change_the_outage() {
    let outage = Outage::default();
    let [first, second] = [10, 20].map(Timestamp::from_micros);
    let interrupted = std::panic::catch_unwind(|| {
        let _attempt = outage.start_attempt(first);
        assert!(outage.is_on(), "the mail server may never complete its reply");
        panic!("a fault in a delivery");
    });
    assert!(interrupted.is_err() && !outage.is_on());
    outage.start_attempt(first).failed();
    drop(outage.start_attempt(second));
    assert!(outage.is_on() && outage.began_before(second));
    outage.start_attempt(second).succeeded();
    assert!(!outage.is_on());
}

#[test]
fn an_attempt_without_end_is_an_outage_unless_others_succeed() {
    let outage = Outage::default();
    let [first, second, third] = [10, 20, 30].map(Timestamp::from_micros);
    let endless = outage.start_attempt(first);
    outage.start_attempt(second).succeeded();
    assert!(outage.is_on() && !outage.began_before(second), "another attempt succeeded");
    assert!(outage.began_before(third), "none has succeeded since");
    drop(outage.start_attempt(third));
    assert!(outage.began_before(third), "an attempt that proves nothing changed the outage");
    endless.succeeded();
    assert!(!outage.is_on());
}
