//! Links, passwords and addresses are in no stored error and no log.

use pledge4future_auth::outbox::DeliveryReport;
use pledge4future_auth::store::{self};

use crate::support::mutation::register;
use crate::support::person::PASSWORD;
use crate::support::program::Site;
use crate::support::server::TestServer;
use crate::support::smtp_receiver::{Receiver, say};

use super::{deliver, failed, last_error, row, settings, site};

#[tokio::test]
async fn a_reply_that_quotes_the_mail_is_stored_without_its_token() {
    let (sender, link) = std::sync::mpsc::channel::<String>();
    let receiver = Receiver::scripted(move |line| {
        let link = (line == ".").then(|| link.recv().expect("a link"))?;
        let token = link.rsplit('/').next().expect("a token").to_owned();
        say(&format!("554 5.7.1 bad link URL:{link}: or \"{}\".", &token[..token.len() - 5]))
    });
    let server = site(&receiver).await;
    server.register("ada").await;
    let text = row(&server, 1).text;
    let link = text.split_whitespace().find(|word| word.contains("/activate/")).expect("a link");
    sender.send(link.to_owned()).expect("a receiver");
    assert_eq!(deliver(&server), DeliveryReport { refused: 1, ..DeliveryReport::default() });
    let error = last_error(&server, 1);
    assert!(error.contains("answered 554 to the mail: 5.7.1 bad link URL:"), "{error}");
    let token = link.rsplit('/').next().expect("a token");
    for part in token.split(':').filter(|part| part.len() >= 20) {
        assert!(!error.contains(&part[..20]), "{part}: {error}");
    }
}

#[tokio::test]
async fn a_reply_that_quotes_the_password_is_stored_without_it() {
    let receiver = Receiver::scripted(|line| {
        let credentials = line.strip_prefix("AUTH PLAIN ")?;
        say(&format!("535 robot and secret are wrong, as is {credentials}"))
    });
    let server = TestServer::start(&settings(&receiver.url().replace("//", "//robot:secret@"))).await;
    server.register("ada").await;
    assert_eq!(deliver(&server), failed(1));
    let error = last_error(&server, 1);
    assert!(error.ends_with("answered 535 to AUTH: … and … are wrong, as is …"), "{error}");
    server.run(|app| app.store.write(|tx| store::outbox::delete(tx, 1))).expect("a database");
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
    assert_eq!(
        server.mutate(&register("ada@example.org", PASSWORD).with("username", "ada")).await["success"],
        true
    );
    let outcome = server.terminate();
    assert_eq!(outcome.status, Some(0), "{outcome:?}");
    let log = &outcome.stderr;
    assert!(
        log.contains(&format!("mail is sent by SMTP through {}; its links", receiver.address())),
        "{log}"
    );
    assert!(log.contains("refused") && log.contains("answered 550 to RCPT TO"), "{log}");
    for part in ["robot", "hushed", "ada@", "nobody"] {
        assert!(!log.contains(part), "{part}: {log}");
    }
}
