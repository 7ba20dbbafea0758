//! Mail by SMTP, against a mail server that keeps to a script.

mod encryption;
mod stopping;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mail_parser::MessageParser;
use pledge4future_auth::health;
use pledge4future_auth::outbox::{self, DeliveryReport};
use pledge4future_auth::store::{self, outbox::OutboxMessage};

use crate::support::mutation::register;
use crate::support::person::PASSWORD;
use crate::support::program::Site;
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

fn round(server: &TestServer) -> DeliveryReport {
    outbox::deliver_due(server.app()).expect("a round")
}

fn delivered(mails: usize) -> DeliveryReport {
    DeliveryReport { delivered: mails, ..DeliveryReport::default() }
}

fn failed(mails: usize) -> DeliveryReport {
    DeliveryReport { failed: mails, ..DeliveryReport::default() }
}

fn row(server: &TestServer, number: i64) -> OutboxMessage {
    server.store().read(|db| store::outbox::find_by_id(db, number)).expect("a database").expect("a mail")
}

fn last_error(server: &TestServer, number: i64) -> String {
    row(server, number).last_error.expect("a reason")
}

/// What says something else as long as the test has not turned it off.
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
    // A line that begins with a dot means something in SMTP.
    let server = TestServer::start(&format!("site_name = \".hidden\"\n{}", settings(&receiver.url()))).await;
    server.register("ada").await;
    assert_eq!(round(&server), delivered(1));
    assert_eq!(round(&server), DeliveryReport::default());

    let promised = row(&server, 1);
    let seen = receiver.seen();
    let [mail] = seen.mails.as_slice() else { panic!("{:?}", seen.mails) };
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("no-reply@localhost", "ada@example.org"));
    let read = MessageParser::default().parse(&mail.raw).expect("a mail");
    assert!(promised.text.starts_with(".hidden\n"), "{}", promised.text);
    let text = |text: &str| text.trim_end().replace("\r\n", "\n");
    assert_eq!(text(&read.body_text(0).expect("a text")), text(&promised.text));
    assert_eq!(text(&read.body_html(0).expect("a text")), text(&promised.html));
    assert_eq!(read.subject(), Some(promised.subject.as_str()));
    let message_id = format!("{}.1@localhost", promised.created_at.micros());
    assert_eq!(read.message_id(), Some(message_id.as_str()));
    assert_eq!(seen.lines.last().map(String::as_str), Some("QUIT"), "the connection is not left open");
}

#[tokio::test]
async fn a_greylisted_mail_is_delayed_and_others_are_not() {
    let receiver = Receiver::scripted(once("RCPT TO:<ada", || say("450 4.2.0 greylisted, come back later")));
    let server = site(&receiver).await;
    server.register("ada").await;
    server.register("bo").await;
    assert_eq!(round(&server), DeliveryReport { delivered: 1, failed: 1, ..DeliveryReport::default() });
    assert_eq!(receiver.recipients(), ["bo@example.org"]);
    assert!(last_error(&server, 1).ends_with("answered 450 to RCPT TO: 4.2.0 greylisted, come back later"));

    assert_eq!(round(&server), DeliveryReport::default(), "it is not tried again at once");
    server.advance(HALF_A_MINUTE);
    assert_eq!(round(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["bo@example.org", "ada@example.org"]);
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_others_are_delivered() {
    let nobody = "550 5.1.1 <ada@example.org>: \u{1b}[31mnobody here";
    for (command, reply) in [("RCPT TO:<ada", nobody), ("DATA", "554 5.7.1 no"), (".", "552 5.3.4 too big")] {
        let on = Arc::new(AtomicBool::new(true));
        let mut to_ada = false;
        let mut script = while_on(&on, move |line| line.starts_with(command).then(|| say(reply)).flatten());
        let receiver = Receiver::scripted(move |line| {
            to_ada = if line.starts_with("RCPT") { line.contains("ada") } else { to_ada };
            to_ada.then(|| script(line)).flatten()
        });
        let server = site(&receiver).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(round(&server), DeliveryReport { delivered: 1, refused: 1, failed: 0 }, "{command}");
        assert_eq!(receiver.seen().connections, 1, "{command}");
        server.advance(WEEK);
        assert_eq!(round(&server), DeliveryReport::default(), "{command}: it is not tried again");
        assert_eq!(health::problems(server.app()).ok(), Some(vec![]), "{command}: nothing is stuck");
        assert_eq!(receiver.recipients(), ["bo@example.org"]);
        let refused = row(&server, 1);
        assert_eq!((refused.attempts, refused.delivered_at), (1, None));
        assert!(refused.refused_at.is_some());
        let error = refused.last_error.expect("a reason");
        assert!(error.contains(&reply[..3]) && error.contains(&reply[4..9]), "{error}");
        assert!(!error.contains('\u{1b}'), "it steers terminals: {error}");

        let now = server.app().clock.now();
        let due = server.store().write(|tx| store::outbox::set_all_due(tx, now)).expect("a database");
        assert_eq!(due, 1);
        assert_eq!(round(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
        on.store(false, Ordering::SeqCst);
        server.store().write(|tx| store::outbox::set_due(tx, 1, now, false)).expect("a database");
        assert_eq!(round(&server), delivered(1));
        assert_eq!(receiver.recipients(), ["bo@example.org", "ada@example.org"]);
    }
}

#[tokio::test]
async fn refused_mails_are_deleted_after_a_week() {
    let receiver = Receiver::scripted(|line| line.starts_with("RCPT").then(|| say("550 no")).flatten());
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(round(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
    server.advance(WEEK);
    round(&server);
    assert_eq!(server.store().read(store::outbox::list).expect("a database").len(), 1);
    server.advance(Duration::from_secs(1));
    round(&server);
    assert_eq!(server.store().read(store::outbox::list).expect("a database").len(), 0);
}

#[tokio::test]
async fn a_refusal_that_does_not_concern_the_mail_delays_all_mails() {
    let cases = [
        (GREETING, "554 5.7.1 go away"),
        ("EHLO", "550 5.7.1 not you"),
        ("AUTH", "535 5.7.8 wrong password"),
        ("AUTH", "454 4.7.0 come back later"),
        ("MAIL", "550 5.7.1 not from there"),
        ("MAIL", "451 4.3.0 come back later"),
        ("RCPT", "530 5.7.0 log in first"),
        ("RCPT", "421 4.3.2 shutting down"),
        ("DATA", "421 4.3.2 shutting down"),
    ];
    for (command, reply) in cases {
        let on = Arc::new(AtomicBool::new(true));
        let script = while_on(&on, move |line| line.starts_with(command).then(|| say(reply)).flatten());
        let receiver = Receiver::scripted(script);
        let url = receiver.url().replace("//", "//robot:top%20secret@");
        let server = TestServer::start(&settings(&url)).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(round(&server), failed(1), "{reply}");
        assert_eq!((row(&server, 1).attempts, row(&server, 2).attempts), (1, 0), "{reply}");
        assert_eq!(row(&server, 1).refused_at, None, "{reply}");
        let error = last_error(&server, 1);
        assert!(error.contains(&reply[..3]) && error.ends_with(&reply[4..]), "{error}");
        assert!(!error.contains("secret") && !error.contains("robot"), "{error}");

        on.store(false, Ordering::SeqCst);
        server.advance(HALF_A_MINUTE);
        assert_eq!(round(&server), delivered(2), "{reply}");
        assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"], "{reply}");
    }
}

#[tokio::test]
async fn the_error_names_the_mail_server_that_cannot_be_reached() {
    let closed = Closed::new();
    let server = TestServer::start(&settings(&closed.url())).await;
    server.register("ada").await;
    assert_eq!(round(&server), failed(1));
    let place = closed.url().replace("smtp://", "");
    let error = last_error(&server, 1);
    assert!(
        error.starts_with(&format!("no connection to a mail server at {place}: Connection refused")),
        "{error}"
    );
    assert_eq!(round(&server), DeliveryReport::default());
    let receiver = closed.open();
    server.advance(HALF_A_MINUTE);
    assert_eq!(round(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}

#[tokio::test]
async fn a_connection_that_breaks_loses_no_mail() {
    for line in [GREETING, "EHLO", "MAIL", "RCPT", "DATA", "Subject:"] {
        let receiver = Receiver::scripted(once(line, || Some(Answer::HangUp)));
        let server = site(&receiver).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(round(&server), failed(1), "{line}");
        assert_eq!(receiver.seen().mails, [], "{line}");
        server.advance(HALF_A_MINUTE);
        assert_eq!(round(&server), delivered(2), "{line}");
        assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"], "{line}");
    }
}

#[tokio::test]
async fn a_mail_that_is_sent_twice_is_the_same() {
    let receiver = Receiver::scripted(once(".", || Some(Answer::HangUp)));
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(round(&server), failed(1), "nobody said that it was taken");
    server.advance(HALF_A_MINUTE);
    assert_eq!(round(&server), delivered(1));
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
        let server = site(&receiver).await;
        for name in ["ada", "bo", "cy", "di", "eve"] {
            server.register(name).await;
        }
        assert_eq!(round(&server), delivered(5), "{reply:?}");
        assert_eq!(receiver.recipients().len(), 5, "{reply:?}");
        assert_eq!(receiver.seen().connections, 3, "{reply:?}");
    }
}

#[tokio::test]
async fn five_hundred_mails_survive_an_outage_and_arrive_once() {
    let closed = Closed::new();
    let server = TestServer::start(&settings(&closed.url())).await;
    let now = server.app().clock.now();
    let recipients: Vec<String> = (0..500).map(|number| format!("somebody-{number}@example.org")).collect();
    let insert = |tx: &store::Writer<'_>| {
        recipients
            .iter()
            .try_for_each(|to| store::outbox::insert(tx, to, "hello", "text", "html", now).map(drop))
    };
    server.store().write(insert).expect("a database");
    assert_eq!(round(&server), failed(1), "the dead server was asked more than once");
    assert!(last_error(&server, 1).contains("refused"), "{}", last_error(&server, 1));
    assert_eq!((row(&server, 2).attempts, row(&server, 2).last_error), (0, None));

    let receiver = closed.open();
    assert_eq!(round(&server), delivered(499));
    server.advance(HALF_A_MINUTE);
    assert_eq!(round(&server), delivered(1));
    assert_eq!(receiver.seen().connections, 2, "one for each round");
    let mut arrived = receiver.recipients();
    arrived.rotate_right(1);
    assert_eq!(arrived, recipients);
}

#[tokio::test]
async fn a_reply_that_quotes_the_mail_is_stored_without_its_link() {
    let (tell, told) = std::sync::mpsc::channel::<String>();
    let receiver = Receiver::scripted(move |line| {
        let link = (line == ".").then(|| told.recv().expect("a link"))?;
        let token = link.rsplit('/').next().expect("a token").to_owned();
        say(&format!("554 5.7.1 bad link <{link}> or \"{}\".", &token[..token.len() - 5]))
    });
    let server = site(&receiver).await;
    server.register("ada").await;
    let text = row(&server, 1).text;
    let link = text.split_whitespace().find(|word| word.contains("/activate/")).expect("a link");
    tell.send(link.to_owned()).expect("a receiver");
    assert_eq!(round(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
    let error = last_error(&server, 1);
    assert!(error.ends_with("answered 554 to the mail: 5.7.1 bad link <…> or \"…\"."), "{error}");
}

#[tokio::test]
async fn international_hosts_are_sent_in_ascii() {
    let receiver = Receiver::start();
    let server = site(&receiver).await;
    let now = server.app().clock.now();
    for to in ["ada@bücher.example", "jörg@example.org", "not an address"] {
        server
            .store()
            .write(|tx| store::outbox::insert(tx, to, "hello", "text", "html", now))
            .expect("a row");
    }
    assert_eq!(round(&server), DeliveryReport { delivered: 1, refused: 2, failed: 0 });
    assert_eq!(receiver.recipients(), ["ada@xn--bcher-kva.example"]);
    assert!(receiver.seen().mails[0].raw.is_ascii());
    assert!(last_error(&server, 2).contains("beyond ASCII"));
    assert!(last_error(&server, 3).contains("no mail address"));
}

#[tokio::test]
async fn a_reply_that_quotes_the_password_is_stored_without_it() {
    let receiver = Receiver::scripted(|line| {
        let told = line.strip_prefix("AUTH PLAIN ")?;
        say(&format!("535 robot and secret are wrong, as is {told}"))
    });
    let server = TestServer::start(&settings(&receiver.url().replace("//", "//robot:secret@"))).await;
    server.register("ada").await;
    assert_eq!(round(&server), failed(1));
    let error = last_error(&server, 1);
    assert!(error.ends_with("answered 535 to AUTH: … and … are wrong, as is …"), "{error}");
    server.store().write(|tx| store::outbox::delete(tx, 1)).expect("a database");
}

#[tokio::test]
async fn refused_mails_are_listed_and_sent_after_a_retry() {
    let on = Arc::new(AtomicBool::new(true));
    let refusing = while_on(&on, |line| {
        line.starts_with("RCPT").then(|| say("550 5.1.1 nobody of that name")).flatten()
    });
    let receiver = Receiver::scripted(refusing);
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(round(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });

    let operator = Site::with_settings(&format!("data_dir = {:?}\n", server.data()));
    assert!(operator.run(["mail", "list"]).done().contains("  refused  "));
    let json: serde_json::Value =
        serde_json::from_str(&operator.run(["mail", "list", "--json"]).done()).expect("JSON");
    assert!(json[0]["refused_at"].is_string() && json[0]["delivered_at"].is_null(), "{json}");
    let shown = operator.run(["mail", "show", "1"]).done();
    assert!(shown.contains("State: refused\n") && shown.contains("550 to RCPT TO: 5.1.1 nobody"), "{shown}");

    on.store(false, Ordering::SeqCst);
    assert!(operator.run(["mail", "retry"]).done().starts_with("Mails due: 1."));
    assert!(operator.run(["mail", "list"]).done().contains("  waits, attempts: 1"));
    // Commands go by the clock of the machine, which is ahead of the test's.
    let ahead = row(&server, 1).due_at.micros() - server.app().clock.now().micros();
    server.advance(Duration::from_micros(u64::try_from(ahead).unwrap_or(0)));
    assert_eq!(round(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}

#[tokio::test]
async fn the_log_contains_no_mail_password_address_or_reply() {
    let refusing = |line: &str| {
        line.starts_with("RCPT").then(|| say("550 5.1.1 <ada@example.org> is nobody here")).flatten()
    };
    let receiver = Receiver::scripted(refusing);
    let url = receiver.url().replace("//", "//robot:very%20hushed@");
    let site = Site::with_settings(&settings(&url));
    let server = site.serve();
    let register = register("ada@example.org", PASSWORD).with("username", "ada");
    assert_eq!(server.mutate(&register).await["success"], true);
    let outcome = server.terminate();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let log = &outcome.stderr;
    assert!(log.contains(&format!("mail leaves by SMTP through {}; its links", receiver.address())), "{log}");
    assert!(log.contains("refused") && log.contains("answered 550 to RCPT TO"), "{log}");
    for part in ["robot", "hushed", "ada@", "nobody"] {
        assert!(!log.contains(part), "{part}: {log}");
    }
}
