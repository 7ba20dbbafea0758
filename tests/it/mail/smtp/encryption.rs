//! SMTP over TLS.

use pledge4future_auth::store;

use super::{deliver, delivered, failed, last_error, row, settings};
use crate::support::certificate::Certificate;
use crate::support::program::Site;
use crate::support::server::TestServer;
use crate::support::smtp_receiver::{Encryption, Receiver};

#[tokio::test]
async fn mail_is_sent_encrypted_to_a_server_of_the_configured_authority() {
    let certificate = Certificate::new();
    let site = Site::empty();
    site.write("ca.pem", &certificate.authority);
    let cases = [
        (Encryption::Whole(certificate.clone()), "smtps", ""),
        (Encryption::StartTls(certificate), "smtp", "?tls=required"),
    ];
    for (encryption, scheme, query) in cases {
        let receiver = Receiver::encrypted(encryption, |_| None);
        let url = format!("{scheme}://robot:secret@{}{query}", receiver.address());
        let settings = format!("{}smtp_ca_file = {:?}\n", settings(&url), site.path("ca.pem"));
        let server = TestServer::start(&settings).await;
        server.register("ada").await;
        server.register("bo").await;
        assert_eq!(deliver(&server), delivered(2), "{scheme}: {:?}", row(&server, 1).last_error);
        assert_eq!(receiver.recipients(), ["ada@example.org", "bo@example.org"]);
        let seen = receiver.seen();
        assert_eq!(seen.lines.iter().filter(|line| line.starts_with("AUTH PLAIN ")).count(), 1);
    }
}

#[tokio::test]
async fn a_server_without_a_trusted_certificate_gets_no_password_and_no_mail() {
    let own = Site::empty();
    own.write("ca.pem", Certificate::new().authority);
    let other_authority = format!("smtp_ca_file = {:?}\n", own.path("ca.pem"));
    let cases = [
        (Encryption::Whole(Certificate::new()), "smtps", "", "", "certificate"),
        (Encryption::Whole(Certificate::new()), "smtps", "", other_authority.as_str(), "certificate"),
        (Encryption::StartTls(Certificate::new()), "smtp", "?tls=required", "", "certificate"),
        (Encryption::StartTls(Certificate::new()), "smtp", "?tls=opportunistic", "", "certificate"),
        (Encryption::Never, "smtp", "?tls=required", "", "STARTTLS"),
    ];
    for (encryption, scheme, query, authority, reason) in cases {
        let receiver = Receiver::encrypted(encryption, |_| None);
        let url = format!("{scheme}://robot:secret@{}{query}", receiver.address());
        let server = TestServer::start(&format!("{}{authority}", settings(&url))).await;
        server.register("ada").await;
        assert_eq!(deliver(&server), failed(1), "{scheme}{query}");
        assert!(last_error(&server, 1).contains(reason), "{}", last_error(&server, 1));
        assert_eq!(receiver.recipients(), [] as [&str; 0]);
        let lines = receiver.seen().lines.join("\n");
        assert!(!lines.contains("AUTH") && !lines.contains("MAIL"), "{lines}");
        server.run(|app| app.store.write(|tx| store::outbox::delete(tx, 1))).expect("a database");
    }
}
