//! Mail servers that refuse mail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pledge4future_auth::health;
use pledge4future_auth::outbox::DeliveryReport;
use pledge4future_auth::store::{self};

use crate::support::server::TestServer;
use crate::support::smtp_receiver::{Answer, GREETING, Receiver, pipelining, say};

use super::{
    HALF_A_MINUTE, WEEK, deliver, delivered, failed, last_error, once, row, settings, site, while_on,
};

fn with_and_without_pipelining<T: Copy>(cases: &[T]) -> impl Iterator<Item = (T, bool)> {
    cases.iter().flat_map(|case| [(*case, false), (*case, true)])
}

fn start(can_pipeline: bool, script: impl FnMut(&str) -> Option<Answer> + Send + 'static) -> Receiver {
    if can_pipeline { Receiver::scripted(pipelining(script)) } else { Receiver::scripted(script) }
}

#[tokio::test]
async fn a_greylisted_mail_is_delayed_and_others_are_not() {
    let receiver = Receiver::scripted(once("RCPT TO:<ada", || say("450 4.2.0 greylisted, come back later")));
    let server = site(&receiver).await;
    server.register("ada").await;
    server.register("bo").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, failed: 1, ..DeliveryReport::default() });
    assert_eq!(receiver.recipients(), ["bo@example.org"]);
    assert!(last_error(&server, 1).ends_with("answered 450 to RCPT TO: 4.2.0 greylisted, come back later"));

    assert_eq!(deliver(&server), DeliveryReport::default(), "the mail was retried at once");
    server.advance(HALF_A_MINUTE);
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["bo@example.org", "ada@example.org"]);
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_others_are_delivered() {
    let nobody = "550 5.1.1 <ada@example.org>: \u{1b}[31mnobody here";
    let cases = [("RCPT TO:<ada", nobody), ("DATA", "554 5.7.1 no"), (".", "552 5.3.4 too big")];
    for ((command, reply), can_pipeline) in with_and_without_pipelining(&cases) {
        let on = Arc::new(AtomicBool::new(true));
        let mut to_ada = false;
        let mut script = while_on(&on, move |line| line.starts_with(command).then(|| say(reply)).flatten());
        let script = move |line: &str| {
            to_ada = if line.starts_with("RCPT") { line.contains("ada") } else { to_ada };
            to_ada.then(|| script(line)).flatten()
        };
        let receiver = start(can_pipeline, script);
        let server = site(&receiver).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(deliver(&server), DeliveryReport { delivered: 1, refused: 1, failed: 0 }, "{command}");
        assert_eq!(receiver.seen().connections, 1, "{command}");
        server.advance(WEEK);
        assert_eq!(deliver(&server), DeliveryReport::default(), "{command}: the mail was retried");
        assert_eq!(
            server.run(health::problems).ok(),
            Some(vec![]),
            "{command}: the server reports a problem"
        );
        assert_eq!(receiver.recipients(), ["bo@example.org"]);
        let refused = row(&server, 1);
        assert_eq!((refused.attempts, refused.delivered_at), (1, None));
        assert!(refused.refused_at.is_some());
        let error = refused.last_error.expect("a reason");
        assert!(error.contains(&reply[..3]) && error.contains(&reply[4..9]), "{error}");
        assert!(!error.contains('\u{1b}'), "it contains control characters: {error}");

        let now = server.app().clock.now();
        let due =
            server.run(|app| app.store.write(|tx| store::outbox::set_all_due(tx, now))).expect("a database");
        assert_eq!(due, 1);
        assert_eq!(deliver(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
        on.store(false, Ordering::SeqCst);
        server
            .run(|app| app.store.write(|tx| store::outbox::set_due(tx, 1, now, false)))
            .expect("a database");
        assert_eq!(deliver(&server), delivered(1));
        assert_eq!(receiver.recipients(), ["bo@example.org", "ada@example.org"]);
    }
}

#[tokio::test]
async fn refused_mails_are_deleted_after_a_week() {
    let receiver = Receiver::scripted(|line| line.starts_with("RCPT").then(|| say("550 no")).flatten());
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
    server.advance(WEEK);
    deliver(&server);
    assert_eq!(server.run(|app| app.store.read(store::outbox::list)).expect("a database").len(), 1);
    server.advance(Duration::from_secs(1));
    deliver(&server);
    assert_eq!(server.run(|app| app.store.read(store::outbox::list)).expect("a database").len(), 0);
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
    for ((command, reply), can_pipeline) in with_and_without_pipelining(&cases) {
        let on = Arc::new(AtomicBool::new(true));
        let script = while_on(&on, move |line| line.starts_with(command).then(|| say(reply)).flatten());
        let receiver = start(can_pipeline, script);
        let url = receiver.url().replace("//", "//robot:top%20secret@");
        let server = TestServer::start(&settings(&url)).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(deliver(&server), failed(1), "{reply}");
        assert_eq!((row(&server, 1).attempts, row(&server, 2).attempts), (1, 0), "{reply}");
        assert_eq!(row(&server, 1).refused_at, None, "{reply}");
        let error = last_error(&server, 1);
        assert!(error.contains(&reply[..3]) && error.ends_with(&reply[4..]), "{error}");
        assert!(!error.contains("secret") && !error.contains("robot"), "{error}");

        on.store(false, Ordering::SeqCst);
        server.advance(HALF_A_MINUTE);
        assert_eq!(deliver(&server), delivered(2), "{reply}");
        assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"], "{reply}");
    }
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
    assert_eq!(deliver(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });

    let operator = server.operator();
    assert!(operator.run(["mail", "list"]).done().contains("  refused  "));
    let json: serde_json::Value =
        serde_json::from_str(&operator.run(["mail", "list", "--json"]).done()).expect("JSON");
    assert!(json[0]["refused_at"].is_string() && json[0]["delivered_at"].is_null(), "{json}");
    let shown = operator.run(["mail", "show", "1"]).done();
    assert!(shown.contains("State: refused\n") && shown.contains("550 to RCPT TO: 5.1.1 nobody"), "{shown}");

    on.store(false, Ordering::SeqCst);
    assert!(operator.run(["mail", "retry"]).done().starts_with("Mails queued: 1."));
    assert!(operator.run(["mail", "list"]).done().contains("  waiting, attempts: 1"));
    // Commands use the clock of the machine, which is ahead of the clock of the test.
    let ahead = row(&server, 1).due_at.micros() - server.app().clock.now().micros();
    server.advance(Duration::from_micros(u64::try_from(ahead).unwrap_or(0)));
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}
