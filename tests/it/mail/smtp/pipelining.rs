//! Mail servers that accept several commands at a time (RFC 2920).

use pledge4future_auth::outbox::DeliveryReport;

use super::{HALF_A_MINUTE, deliver, delivered, failed, last_error, row, site};
use crate::support::smtp_receiver::{Answer, Receiver, pipelining, say};

#[tokio::test]
async fn commands_are_sent_together_if_the_mail_server_permits() {
    // This server would wait forever for a client that waits for each answer.
    let receiver = Receiver::scripted(pipelining(|line| match line.split(' ').next() {
        Some("MAIL" | "RCPT") => say(""),
        Some("DATA") => say("250 sender\r\n250 recipient\r\n354 go on"),
        _ => None,
    }));
    let server = site(&receiver).await;
    server.register("ada").await;
    server.register("bo").await;
    assert_eq!(deliver(&server), delivered(2));
    assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"]);
    assert!(receiver.seen().mails.iter().all(|mail| mail.raw.contains("Subject: ")));
}

#[tokio::test]
async fn a_refused_recipient_gets_an_empty_mail_if_data_is_accepted() {
    let receiver = Receiver::scripted(pipelining(|line| {
        if line.starts_with("RCPT TO:<ada") {
            return say("550 5.1.1 nobody here");
        }
        (line == "DATA").then(|| say("354 go on")).flatten()
    }));
    let server = site(&receiver).await;
    server.register("ada").await;
    server.register("bo").await;
    assert_eq!(deliver(&server), DeliveryReport { delivered: 1, refused: 1, failed: 0 });
    assert!(row(&server, 1).refused_at.is_some());
    let seen = receiver.seen();
    let sent: Vec<_> = seen.mails.iter().map(|mail| (mail.to.as_str(), mail.raw.is_empty())).collect();
    assert_eq!(sent, [("", true), ("bo@example.org", false)]);
    assert_eq!(seen.connections, 1);
}

#[tokio::test]
async fn a_connection_that_breaks_between_answers_loses_no_mail() {
    for line in ["MAIL", "RCPT", "DATA", "Subject:"] {
        let mut is_first = true;
        let receiver = Receiver::scripted(pipelining(move |got| {
            (got.starts_with(line) && std::mem::take(&mut is_first)).then_some(Answer::HangUp)
        }));
        let server = site(&receiver).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(deliver(&server), failed(1), "{line}");
        assert!(last_error(&server, 1).contains("closed the connection"), "{}", last_error(&server, 1));
        assert_eq!(receiver.seen().mails, [], "{line}");
        server.advance(HALF_A_MINUTE);
        assert_eq!(deliver(&server), delivered(2), "{line}");
        assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"], "{line}");
    }
}

#[tokio::test]
async fn a_mail_server_that_rejects_a_second_ehlo_gets_mail() {
    let mut greetings = 0;
    let receiver = Receiver::scripted(move |line| {
        greetings += usize::from(line.starts_with("EHLO"));
        (line.starts_with("EHLO") && greetings > 1).then(|| say("503 5.5.1 duplicate EHLO")).flatten()
    });
    let server = site(&receiver).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), delivered(1));
    assert_eq!(receiver.recipients(), ["ada@example.org"]);
}
