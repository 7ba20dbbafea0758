//! SMTP, with a scripted mail server.

mod conversations;
mod encryption;
mod pipelining;
mod refusals;
mod secrets;
mod stopping;
mod waiting;

use pledge4future_auth::store::outbox::NewMessage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mail_parser::MessageParser;
use pledge4future_auth::outbox::{self, DeliveryReport};
use pledge4future_auth::store::{self, outbox::OutboxMessage};

use crate::support::server::TestServer;
use crate::support::smtp_receiver::{Answer, Closed, GREETING, Receiver, say};

const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const WEEK: Duration = Duration::from_hours(7 * 24);

fn settings(url: &str) -> String {
    format!("[mail]\ntransport = \"smtp\"\nsmtp_url = {url:?}\n")
}

async fn site(receiver: &Receiver) -> TestServer {
    TestServer::start(&settings(&receiver.url())).await
}

fn deliver(server: &TestServer) -> DeliveryReport {
    server.run(|app| outbox::deliver_until(app, || false)).expect("a delivery")
}

fn delivered(mails: usize) -> DeliveryReport {
    DeliveryReport { delivered: mails, ..DeliveryReport::default() }
}

fn failed(mails: usize) -> DeliveryReport {
    DeliveryReport { failed: mails, ..DeliveryReport::default() }
}

/// Enqueues mails, and returns their recipients in order.
fn enqueue(server: &TestServer, mails: usize) -> Vec<String> {
    let now = server.app().clock.now();
    let recipients: Vec<String> =
        (0..mails).map(|number| format!("person-{number:03}@example.org")).collect();
    let insert = |tx: &store::Writer<'_>| {
        recipients.iter().try_for_each(|to| store::outbox::insert(tx, &hello(to), now).map(drop))
    };
    server.run(|app| app.store.write(insert)).expect("a database");
    recipients
}

fn sorted(mut recipients: Vec<String>) -> Vec<String> {
    recipients.sort();
    recipients
}

fn row(server: &TestServer, number: i64) -> OutboxMessage {
    server
        .run(|app| app.store.read(|db| store::outbox::find_by_id(db, number)))
        .expect("a database")
        .expect("a mail")
}

fn last_error(server: &TestServer, number: i64) -> String {
    row(server, number).last_error.expect("a reason")
}

/// A script that applies while `on` is set.
fn while_on(
    on: &Arc<AtomicBool>,
    script: impl Fn(&str) -> Option<Answer> + Send + 'static,
) -> impl FnMut(&str) -> Option<Answer> + Send + 'static {
    let on = Arc::clone(on);
    move |line| on.load(Ordering::SeqCst).then(|| script(line)).flatten()
}

fn once(
    begin: &'static str,
    answer: impl Fn() -> Option<Answer> + Send,
) -> impl FnMut(&str) -> Option<Answer> + Send {
    let mut done = false;
    move |line| {
        if done || !line.starts_with(begin) {
            return None;
        }
        done = true;
        answer()
    }
}

#[tokio::test]
async fn a_mail_arrives_complete_and_once() {
    let receiver = Receiver::start();
    // A line that begins with a dot is special in SMTP.
    let server = TestServer::start(&format!("site_name = \".hidden\"\n{}", settings(&receiver.url()))).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(deliver(&server), DeliveryReport::default());

    let promised = row(&server, 1);
    let seen = receiver.seen();
    let [mail] = seen.mails.as_slice() else { panic!("{:?}", seen.mails) };
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("no-reply@localhost", "ada@example.org"));
    let read = MessageParser::default().parse(&mail.raw).expect("a mail");
    assert!(promised.text.starts_with(".hidden\n"), "{}", promised.text);
    let text = |text: &str| text.trim_end().replace("\r\n", "\n");
    assert_eq!(text(&read.body_text(0).expect("a string")), text(&promised.text));
    assert_eq!(text(&read.body_html(0).expect("a string")), text(&promised.html));
    assert_eq!(read.subject(), Some(promised.subject.as_str()));
    let message_id = format!("{}.1@localhost", promised.created_at.micros());
    assert_eq!(read.message_id(), Some(message_id.as_str()));
    assert_eq!(seen.lines.last().map(String::as_str), Some("QUIT"), "the connection was left open");
}

#[tokio::test]
async fn the_error_names_the_mail_server_that_cannot_be_reached() {
    let closed = Closed::new();
    let server = TestServer::start(&settings(&closed.url())).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), failed(1));
    let place = closed.url().replace("smtp://", "");
    let error = last_error(&server, 1);
    assert!(
        error.starts_with(&format!("no connection to a mail server at {place}: Connection refused")),
        "{error}"
    );
    assert_eq!(deliver(&server), DeliveryReport::default());
    let receiver = closed.open();
    server.advance(HALF_A_MINUTE);
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}

#[tokio::test]
async fn a_connection_that_breaks_loses_no_mail() {
    for line in [GREETING, "EHLO", "MAIL", "RCPT", "DATA", "Subject:"] {
        let receiver = Receiver::scripted(once(line, || Some(Answer::HangUp)));
        let server = site(&receiver).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(deliver(&server), failed(1), "{line}");
        assert_eq!(receiver.seen().mails, [], "{line}");
        server.advance(HALF_A_MINUTE);
        assert_eq!(deliver(&server), delivered(2), "{line}");
        assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"], "{line}");
    }
}

#[tokio::test]
async fn a_mail_that_is_sent_twice_is_the_same() {
    let receiver = Receiver::scripted(once(".", || Some(Answer::HangUp)));
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), failed(1), "the server did not confirm the mail");
    server.advance(HALF_A_MINUTE);
    assert_eq!(deliver(&server), delivered(1));
    let seen = receiver.seen();
    assert_eq!(seen.mails.len(), 2);
    assert_eq!(seen.mails[0], seen.mails[1]);
}

#[tokio::test]
async fn mails_beyond_the_limit_of_a_connection_use_another() {
    let replies =
        [Some("421 4.7.0 enough for one connection"), Some("452 4.5.3 enough for one session"), None];
    for reply in replies {
        let mut senders = 0;
        let receiver = Receiver::scripted(move |line| {
            senders += usize::from(line.starts_with("MAIL"));
            let is_too_many = line.starts_with("MAIL") && senders % 3 == 0;
            is_too_many.then(|| reply.map_or(Some(Answer::HangUp), say)).flatten()
        });
        let settings = settings(&receiver.url());
        let server = TestServer::start(&format!("{settings}connections = 1\n")).await;
        for name in ["ada", "bo", "cy", "di", "eve"] {
            server.register(name).await;
        }
        assert_eq!(deliver(&server), delivered(5), "{reply:?}");
        assert_eq!(receiver.recipients().len(), 5, "{reply:?}");
        assert_eq!(receiver.seen().connections, 3, "{reply:?}");
    }
}

#[tokio::test]
async fn five_hundred_mails_survive_an_outage_and_arrive_once() {
    let closed = Closed::new();
    let server = TestServer::start(&settings(&closed.url())).await;
    let recipients = enqueue(&server, 500);
    assert_eq!(deliver(&server), failed(1), "the server that is down was asked more than once");
    assert!(last_error(&server, 1).contains("refused"), "{}", last_error(&server, 1));
    assert_eq!((row(&server, 2).attempts, row(&server, 2).last_error), (0, None));

    let receiver = closed.open();
    assert_eq!(deliver(&server), delivered(499));
    server.advance(HALF_A_MINUTE);
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(sorted(receiver.recipients()), recipients);
}

#[tokio::test]
async fn international_hosts_are_sent_in_ascii() {
    let receiver = Receiver::start();
    let server = site(&receiver).await;
    let now = server.app().clock.now();
    for to in ["ada@bücher.example", "jörg@example.org", "not an address"] {
        server.run(|app| app.store.write(|tx| store::outbox::insert(tx, &hello(to), now))).expect("a row");
    }
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, refused: 2, failed: 0 });
    assert_eq!(receiver.recipients(), ["ada@xn--bcher-kva.example"]);
    assert!(receiver.seen().mails[0].raw.is_ascii());
    assert!(last_error(&server, 2).contains("accepts only ASCII addresses"));
    assert!(last_error(&server, 3).contains("not a valid mail address"));
}

fn hello(to: &str) -> NewMessage<'_> {
    NewMessage {
        recipient: to,
        recipient_key: to,
        subject: "hello",
        text: "text",
        html: "html",
        account: None,
    }
}
