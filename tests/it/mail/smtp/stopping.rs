//! A server that stops while mail waits.

use std::sync::mpsc;
use std::time::Duration;

use super::settings;
use crate::support::program::Site;
use crate::support::smtp_receiver::{GREETING, Receiver, say};

/// Adds mails to the outbox of a site before its server starts.
fn enqueue(site: &Site, mails: usize) {
    site.run(["migrate"]).done();
    for number in 0..mails {
        site.database().execute(&format!(
            "INSERT INTO outbox (recipient, subject, body_text, body_html, created_at, due_at, attempts) \
             VALUES ('somebody-{number}@example.org', 'hello', 'text', 'html', 0, 0, 0)"
        ));
    }
}

fn waiting(site: &Site) -> usize {
    site.run(["mail", "list"]).done().lines().filter(|line| line.contains("  waiting")).count()
}

#[test]
fn a_stopping_server_waits_for_a_silent_mail_server_only_once() {
    let (connects, connected) = mpsc::channel();
    let receiver = Receiver::scripted(move |line| {
        let is_connection = line == GREETING;
        is_connection.then(|| connects.send(()).ok().and_then(|()| say(""))).flatten()
    });
    let site = Site::with_settings(&settings(&receiver.url()));
    enqueue(&site, 5);
    let server = site.serve();
    connected.recv().expect("a connection");
    let end = server.terminate();
    assert_eq!(end.status, Some(0), "{end:?}");
    assert!(end.stderr.contains("did not answer EHLO in time"), "{end:?}");
    assert_eq!(receiver.seen().connections, 1);
    assert_eq!(waiting(&site), 5);
}

#[test]
fn a_stopping_server_leaves_the_backlog_of_a_slow_mail_server() {
    let (starts, started) = mpsc::channel();
    let receiver = Receiver::scripted(move |line| {
        if line.starts_with("RCPT") {
            // The test has ended if nobody receives this.
            let _ = starts.send(());
            // The time of a slow mail server, not of the test.
            std::thread::sleep(Duration::from_secs(2));
        }
        None
    });
    let site = Site::with_settings(&format!("{}connections = 1\n", settings(&receiver.url())));
    enqueue(&site, 30);
    let server = site.serve();
    started.recv().expect("a mail");
    let end = server.terminate();
    assert_eq!(end.status, Some(0), "{end:?}");
    let (taken, left) = (receiver.recipients().len(), waiting(&site));
    assert!(taken > 0 && left > 0 && taken + left == 30, "{taken} delivered, {left} waiting");
}
