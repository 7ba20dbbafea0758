//! Several conversations with a mail server at a time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pledge4future_auth::outbox::{self, DeliveryReport};
use pledge4future_auth::store;

use super::{HALF_A_MINUTE, deliver, delivered, enqueue, failed, row, settings, site, sorted};
use crate::support::server::TestServer;
use crate::support::smtp_receiver::{Answer, GREETING, Receiver, say};

/// Counts the connections and mails of a mail server.
#[derive(Default)]
struct Counts {
    connections: Mutex<usize>,
    connected: Condvar,
    mails: AtomicUsize,
}

impl Counts {
    fn connect(&self) -> usize {
        let mut connections = self.connections.lock().expect("no panic");
        *connections += 1;
        self.connected.notify_all();
        *connections
    }

    /// Returns the number of a mail from 1, after as many connections were made, or `enough`. Returns `None` if they are
    /// not made.
    fn wait_for_connections(&self, enough: usize) -> Option<usize> {
        let number = self.mails.fetch_add(1, Ordering::SeqCst) + 1;
        let connections = self.connections.lock().expect("no panic");
        let is_early = |connections: &mut usize| *connections < number.min(enough);
        let patience = Duration::from_secs(10);
        let (connections, _) =
            self.connected.wait_timeout_while(connections, patience, is_early).expect("no panic");
        (*connections >= number.min(enough)).then_some(number)
    }
}

/// Starts a mail server that answers the recipient of a mail only after as many connections as mails, or `connections`.
/// Calls `script` with the number of the connection for the greeting, and with the number of the mail for its recipient.
fn crowded(
    connections: usize,
    script: impl Fn(&str, usize) -> Option<Answer> + Send + Sync + 'static,
) -> Receiver {
    let counts = Counts::default();
    Receiver::concurrent(move |line| match line {
        GREETING => script(line, counts.connect()),
        _ if line.starts_with("RCPT") => match counts.wait_for_connections(connections) {
            Some(number) => script(line, number),
            None => Some(Answer::HangUp),
        },
        _ => None,
    })
}

async fn site_with_connections(receiver: &Receiver, connections: usize) -> TestServer {
    TestServer::start(&format!("{}connections = {connections}\n", settings(&receiver.url()))).await
}

#[tokio::test]
async fn many_mails_leave_over_several_connections_at_a_time() {
    let receiver = crowded(4, |_, _| None);
    let server = site_with_connections(&receiver, 4).await;
    let recipients = enqueue(&server, 20);
    assert_eq!(deliver(&server), delivered(20));
    assert_eq!(sorted(receiver.recipients()), recipients);
    let seen = receiver.seen();
    assert_eq!(seen.connections, 4);
    let ends: Vec<&String> = seen.lines.iter().skip_while(|line| *line != "QUIT").collect();
    assert_eq!(ends, ["QUIT"; 4], "a connection ended before the others");
}

#[tokio::test]
async fn one_mail_and_two_mails_leave_over_one_connection() {
    let receiver = Receiver::start();
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.seen().connections, 1);
    enqueue(&server, 2);
    assert_eq!(deliver(&server), delivered(2));
    assert_eq!(receiver.seen().connections, 2);
}

#[tokio::test]
async fn a_limit_on_connections_fails_no_mail() {
    let receiver = crowded(3, |line, number| {
        (line == GREETING && number > 2).then(|| say("421 4.7.0 too many connections")).flatten()
    });
    let server = site(&receiver).await;
    let recipients = enqueue(&server, 40);
    assert_eq!(deliver(&server), delivered(40));
    assert_eq!(sorted(receiver.recipients()), recipients);
    assert!((1..=40).all(|number| row(&server, number).attempts == 1));
    assert!(!server.app().outage.is_on());
}

#[tokio::test]
async fn a_refused_recipient_concerns_one_mail_among_many() {
    let receiver = crowded(4, |line, _| line.contains("person-005").then(|| say("550 nobody")).flatten());
    let server = site_with_connections(&receiver, 4).await;
    let mut recipients = enqueue(&server, 20);
    assert_eq!(deliver(&server), DeliveryReport { delivered: 19, refused: 1, failed: 0 });
    assert_eq!(recipients.remove(5), row(&server, 6).recipient);
    assert!(row(&server, 6).refused_at.is_some());
    assert_eq!(sorted(receiver.recipients()), recipients);
}

#[tokio::test]
async fn an_outage_ends_all_conversations_and_loses_no_mail() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let receiver = crowded(4, move |line, number| {
        if line != GREETING && number == 8 {
            down.store(true, Ordering::SeqCst);
        }
        down.load(Ordering::SeqCst).then_some(Answer::HangUp)
    });
    let server = site_with_connections(&receiver, 4).await;
    let recipients = enqueue(&server, 40);
    let report = deliver(&server);
    assert!((1..=8).contains(&report.failed) && report.delivered < 8, "{report:?}");
    assert!(server.app().outage.is_on());
    let attempted = (1..=40).filter(|number| row(&server, *number).attempts > 0).count();
    assert_eq!(attempted, report.delivered + report.failed);
    assert_eq!(deliver(&server), failed(1), "the server that is down was asked more than once");

    is_down.store(false, Ordering::SeqCst);
    server.advance(HALF_A_MINUTE);
    assert_eq!(deliver(&server), delivered(40 - report.delivered));
    assert_eq!(sorted(receiver.recipients()), recipients);
    assert!(!server.app().outage.is_on());
}

#[tokio::test]
async fn a_round_that_is_over_starts_no_further_mail() {
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let receiver = crowded(4, move |line, number| {
        if line != GREETING && number == 8 {
            over.store(true, Ordering::SeqCst);
        }
        None
    });
    let server = site_with_connections(&receiver, 4).await;
    let recipients = enqueue(&server, 40);
    let report =
        server.run(|app| outbox::deliver_until(app, || is_over.load(Ordering::SeqCst))).expect("a delivery");
    assert!((8..=11).contains(&report.delivered) && report.failed == 0, "{report:?}");
    let left = server.run(|app| app.store.read(store::outbox::count_waiting)).expect("a database");
    assert_eq!(usize::try_from(left).ok(), Some(40 - report.delivered));
    assert_eq!(deliver(&server), delivered(40 - report.delivered));
    assert_eq!(sorted(receiver.recipients()), recipients);
}

#[tokio::test]
async fn a_lost_conversation_ends_a_round_in_which_another_is_idle() {
    let questions = Arc::new((Mutex::new(0), Condvar::new()));
    let shared = Arc::clone(&questions);
    let receiver = crowded(2, move |line, number| {
        (line != GREETING && number == 3).then(|| {
            // A conversation asks before each of the three mails whether the round is over, and once more when it is idle.
            let (count, changed) = &*shared;
            drop(changed.wait_while(count.lock().expect("no panic"), |count| *count < 4));
            Answer::HangUp
        })
    });
    let server = site_with_connections(&receiver, 2).await;
    enqueue(&server, 3);
    let is_over = || {
        *questions.0.lock().expect("no panic") += 1;
        questions.1.notify_all();
        false
    };
    let report = server.run(|app| outbox::deliver_until(app, is_over)).expect("a delivery");
    assert_eq!(report, DeliveryReport { delivered: 2, failed: 1, refused: 0 });
    server.advance(HALF_A_MINUTE);
    assert_eq!(deliver(&server), delivered(1));
}
