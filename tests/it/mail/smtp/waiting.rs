//! Mail that waits for a long time, and readiness.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use pledge4future_auth::accounts::admin;
use pledge4future_auth::outbox::{self, DeliveryReport};
use reqwest::Method;

use super::{deliver, delivered, failed, last_error, row, settings, site, while_on};
use crate::support::server::TestServer;
use crate::support::smtp_receiver::{Closed, Receiver, say};

const HOUR: Duration = Duration::from_hours(1);
const HOURS_OF_FIVE_DAYS: usize = 120;

/// Returns the reply of `/readyz`.
async fn readiness(server: &TestServer) -> (u16, String) {
    let reply = server.raw(Method::GET, "/readyz").send().await.expect("a reply");
    (reply.status().as_u16(), reply.text().await.expect("a string"))
}

fn ready() -> (u16, String) {
    (200, "ready\n".to_owned())
}

fn not_ready() -> (u16, String) {
    (503, "no mail was delivered for more than an hour; see `mail list`\n".to_owned())
}

#[tokio::test]
async fn a_mail_is_given_up_after_five_days_without_affecting_readiness() {
    let on = Arc::new(AtomicBool::new(true));
    let receiver = Receiver::scripted(while_on(&on, |line| {
        line.starts_with("RCPT TO:<ada").then(|| say("450 4.2.0 come back later")).flatten()
    }));
    let server = site(&receiver).await;
    server.register("ada").await;
    for hour in 0..HOURS_OF_FIVE_DAYS {
        deliver(&server);
        assert_eq!(row(&server, 1).refused_at, None, "after {hour} hours");
        assert_eq!(readiness(&server).await, ready(), "after {hour} hours");
        server.advance(HOUR);
    }
    assert_eq!(deliver(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
    let error = last_error(&server, 1);
    assert!(error.starts_with("deferred for 5 days: ") && error.ends_with("come back later"), "{error}");
    assert!(row(&server, 1).attempts >= 100, "the wait grew beyond an hour");

    let operator = server.operator();
    assert!(operator.run(["mail", "list"]).done().contains("  refused  "));
    on.store(false, Ordering::SeqCst);
    operator.run(["mail", "retry", "1"]).done();
    // Commands use the clock of the machine, which is ahead of the clock of the test.
    server.advance(row(&server, 1).due_at.since(server.app().clock.now()));
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}

#[tokio::test]
async fn a_server_is_not_ready_after_an_hour_without_delivered_mail() {
    let closed = Closed::new();
    let server = TestServer::start(&settings(&closed.url())).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), failed(1));
    server.advance(HOUR);
    assert_eq!(readiness(&server).await, ready());
    server.advance(Duration::from_secs(1));
    assert_eq!(readiness(&server).await, not_ready());

    let receiver = closed.open();
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(readiness(&server).await, ready());
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}

#[tokio::test]
async fn a_mail_server_that_does_not_reply_makes_the_server_unready() {
    let ((asks, asked), (answers, may_answer)) = (mpsc::channel(), mpsc::channel());
    let receiver = Receiver::scripted(move |line| {
        if line.starts_with("RCPT TO:") {
            asks.send(()).expect("a test");
            may_answer.recv().expect("a test");
        }
        None
    });
    let server = site(&receiver).await;
    server.register("ada").await;
    let app = Arc::clone(server.app());
    let round = std::thread::spawn(move || outbox::deliver_until(&app, || false));
    asked.recv().expect("a mail");
    server.advance(HOUR + HOUR);
    assert_eq!(readiness(&server).await, not_ready());

    answers.send(()).expect("a mail server");
    assert_eq!(round.join().expect("an end").expect("a database"), delivered(1));
    assert_eq!(readiness(&server).await, ready());
}

#[tokio::test]
async fn mail_is_kept_during_an_outage_of_any_length() {
    let closed = Closed::new();
    let server = TestServer::start(&settings(&closed.url())).await;
    server.register("ada").await;
    for _ in 0..HOURS_OF_FIVE_DAYS + 24 {
        assert_eq!(deliver(&server), failed(1));
        server.advance(HOUR);
    }
    assert_eq!(readiness(&server).await, not_ready());
    let receiver = closed.open();
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}

#[tokio::test]
async fn a_server_that_cannot_write_mails_is_not_ready_after_an_hour() {
    let server = TestServer::start("").await;
    let mail = server.data().join("mail");
    std::fs::remove_dir(&mail).expect("an empty folder");
    server.register("ada").await;
    assert_eq!(deliver(&server), failed(1));
    server.advance(HOUR + HOUR);
    assert_eq!(readiness(&server).await, not_ready());
    std::fs::create_dir(&mail).expect("a folder");
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(readiness(&server).await, ready());
}

#[tokio::test]
async fn a_mail_under_way_is_delivered_when_its_account_is_erased() {
    let (arrived, arrival) = mpsc::channel();
    let (permit, permission) = mpsc::channel::<()>();
    let receiver = Receiver::scripted(move |line| {
        if line.starts_with("RCPT TO:<ada") {
            arrived.send(()).expect("the test waits");
            permission.recv().expect("the test permits");
        }
        None
    });
    let server = site(&receiver).await;
    server.register("ada").await;
    std::thread::scope(|scope| {
        let delivery = scope.spawn(|| deliver(&server));
        arrival.recv().expect("a mail");
        assert!(server.run(|app| admin::delete(app, 1)).is_ok());
        assert!(server.rows_of("outbox").is_empty());
        permit.send(()).expect("the receiver waits");
        assert_eq!(delivery.join().expect("a delivery"), delivered(1));
    });
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
    assert_eq!(deliver(&server), DeliveryReport::default());
}
