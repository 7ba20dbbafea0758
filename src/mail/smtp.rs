//! Mails handed to a mail server.
//!
//! lettre's own transport does not say which command was refused, and that is what decides: an answer to RCPT TO or
//! DATA is about the mail, one to anything before is about the site. So the commands are given here, one by one, over
//! lettre's connection, which lasts for a round of deliveries.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::ExposeSecret;

use super::failure::{self, Failure, FailureKind, Step};
use super::{Message, format};
use crate::clock::Timestamp;
use crate::config::{Config, Encryption, SmtpServer};

/// For each answer of the server but the last.
const PATIENCE: Duration = Duration::from_secs(20);
/// For the answer to a whole mail. Servers look through it first, and who does not wait hands it over twice; RFC 5321
/// wants ten minutes, but a server that stops has to be done before systemd loses patience: this, one silence before it,
/// and what else happens at the end fit into `TimeoutStopSec` of its unit.
const PATIENCE_AT_THE_END: Duration = Duration::from_mins(1);
/// For the answer to a farewell, which nothing depends on.
const PATIENCE_FOR_FAREWELL: Duration = Duration::from_secs(1);

pub(super) struct Smtp {
    server: SmtpServer,
    hello: ClientId,
    tls: TlsParameters,
    from: Mailbox,
    open: Mutex<Option<SmtpConnection>>,
}

/// A mail in the form in which it travels.
struct EncodedMail {
    recipient: Address,
    text: String,
}

impl EncodedMail {
    /// All but addresses is written in ASCII.
    fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// Refuses certificates that cannot be read.
pub(super) fn check(config: &Config) -> Result<()> {
    tls("localhost", config).map(drop)
}

impl Smtp {
    pub(super) fn new(config: &Config, from: Mailbox) -> Result<Self> {
        let url = config.mail.smtp_url.as_ref().context("mail.smtp_url is missing")?;
        let server = SmtpServer::read(url).map_err(|complaint| anyhow!("mail.smtp_url: {complaint}"))?;
        let tls = tls(&server.host, config)?;
        let hello = hello(&server, config);
        let from = Mailbox::new(from.name, in_ascii(&from.email)?);
        Ok(Self { server, hello, tls, from, open: Mutex::new(None) })
    }

    pub(super) fn describe(&self) -> String {
        format!("leaves by SMTP through {}", self.place())
    }

    pub(super) fn deliver(&self, message: &Message, number: i64, at: Timestamp) -> Result<(), Failure> {
        let mail = encode(message, &self.from, number, at)
            .map_err(|error| Failure::new(FailureKind::Refused, &error))?;
        let mut open = self.open();
        let mut connection = self.begin(open.take(), &mail)?;
        let handed_over =
            if mail.is_ascii() || connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                hand_over(&mut connection, &mail)
                    .map_err(|(step, error)| self.failure(step, &error).without(&message.text))
            } else {
                let error = anyhow!("the mail server {} takes no address beyond ASCII", self.place());
                let is_senders = mail.recipient.to_string().is_ascii();
                let kind = if is_senders { FailureKind::NoneLeaves } else { FailureKind::Refused };
                Err(Failure::new(kind, &error))
            };
        match &handed_over {
            Ok(()) => *open = Some(connection),
            Err(failure) if failure.kind == FailureKind::NoneLeaves => {}
            Err(_) => *open = connection.command(Rset).is_ok().then_some(connection),
        }
        handed_over
    }

    pub(super) fn rest(&self) {
        if let Some(connection) = self.open().take() {
            leave(connection);
        }
    }

    fn open(&self) -> MutexGuard<'_, Option<SmtpConnection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self) -> String {
        let SmtpServer { host, port, .. } = &self.server;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    fn failure(&self, step: Step, error: &Error) -> Failure {
        failure::judge(step, error, &self.place())
    }

    /// A connection on which MAIL FROM was taken. After so many mails servers end a connection or take no more on it,
    /// by answers that otherwise mean something else: what counts is what they say to a new one.
    fn begin(&self, open: Option<SmtpConnection>, mail: &EncodedMail) -> Result<SmtpConnection, Failure> {
        if let Some(mut connection) = open {
            match self.name_sender(&mut connection, mail) {
                Ok(()) => return Ok(connection),
                Err(_) => leave(connection),
            }
        }
        let mut connection =
            self.connect().map_err(|(step, error)| self.without_login(self.failure(step, &error)))?;
        self.name_sender(&mut connection, mail).map_err(|error| self.failure(Step::Sender, &error))?;
        Ok(connection)
    }

    /// A server may repeat what it was told, in the form in which it was told.
    fn without_login(&self, mut failure: Failure) -> Failure {
        if let Some((user, password)) = &self.server.login {
            let password = password.expose_secret();
            let told = [format!("\0{user}\0{password}"), password.to_owned(), user.clone()];
            for secret in told.iter().flat_map(|told| [BASE64_STANDARD.encode(told), told.clone()]) {
                failure.cause = failure.cause.replace(&secret, "…");
            }
        }
        failure
    }

    fn connect(&self) -> Result<SmtpConnection, (Step, Error)> {
        let SmtpServer { host, port, encryption, login, .. } = &self.server;
        let whole = (*encryption == Encryption::Implicit).then_some(&self.tls);
        let mut connection =
            SmtpConnection::connect((host.as_str(), *port), Some(PATIENCE), &self.hello, whole, None)
                .map_err(|error| (Step::Connection, error))?;
        let offered = *encryption == Encryption::Opportunistic && connection.can_starttls();
        if offered || *encryption == Encryption::Required {
            connection.starttls(&self.tls, &self.hello).map_err(|error| (Step::Encryption, error))?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).map_err(|error| (Step::Login, error))?;
        }
        Ok(connection)
    }

    fn name_sender(&self, connection: &mut SmtpConnection, mail: &EncodedMail) -> Result<(), Error> {
        let beyond_ascii =
            !mail.is_ascii() && connection.server_info().supports_feature(Extension::SmtpUtfEight);
        let parameters = if beyond_ascii {
            vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]
        } else {
            Vec::new()
        };
        connection.command(Mail::new(Some(self.from.email.clone()), parameters)).map(drop)
    }
}

fn hand_over(connection: &mut SmtpConnection, mail: &EncodedMail) -> Result<(), (Step, Error)> {
    let recipient = Rcpt::new(mail.recipient.clone(), Vec::new());
    connection.command(recipient).map_err(|error| (Step::Recipient, error))?;
    connection.command(Data).map_err(|error| (Step::Data, error))?;
    let _ = connection.set_timeout(Some(PATIENCE_AT_THE_END));
    connection.command(&mail.text).map_err(|error| (Step::Mail, error))?;
    let _ = connection.set_timeout(Some(PATIENCE));
    Ok(())
}

fn leave(mut connection: SmtpConnection) {
    let _ = connection.set_timeout(Some(PATIENCE_FOR_FAREWELL));
    connection.abort();
}

/// Hosts in their ASCII form: so that all servers take them.
fn encode(message: &Message, from: &Mailbox, number: i64, at: Timestamp) -> Result<EncodedMail> {
    let no_address = "the recipient is no mail address";
    let recipient = in_ascii(&message.recipient.parse().context(no_address)?).context(no_address)?;
    let message = Message { recipient: recipient.to_string(), ..message.clone() };
    let text = String::from_utf8(format::format(&message, from, number, at)?)?;
    Ok(EncodedMail { text: closed(&text), recipient })
}

/// With the dot that ends a mail and none that would end it earlier. Written at once: lettre writes the end by itself,
/// which then waits for the other side to acknowledge what came before, 40 milliseconds a mail.
fn closed(text: &str) -> String {
    format!("{}\r\n.\r\n", text.strip_suffix("\r\n").unwrap_or(text).replace("\r\n.", "\r\n.."))
}

fn in_ascii(address: &Address) -> Result<Address> {
    let host = idna::domain_to_ascii(address.domain()).unwrap_or_else(|_| address.domain().to_owned());
    Ok(Address::new(address.user(), host)?)
}

/// As the URL says, else the host of `public_url`, which is a name of this machine or of one before it; many servers
/// turn away who has none.
fn hello(server: &SmtpServer, config: &Config) -> ClientId {
    let url = url::Url::parse(&config.public_url).ok();
    let own = url.as_ref().and_then(url::Url::domain).filter(|domain| domain.contains('.'));
    server.hello.as_deref().or(own).map_or_else(ClientId::default, |name| ClientId::Domain(name.to_owned()))
}

/// The roots of Mozilla are built in: a static binary finds them on a machine without ca-certificates too, and they
/// are as old as the program, which is young enough for roots. A site that names certificates means those alone.
fn tls(host: &str, config: &Config) -> Result<TlsParameters> {
    let builder = TlsParameters::builder(host.to_owned());
    let Some(path) = &config.mail.smtp_ca_file else {
        return Ok(builder.certificate_store(CertificateStore::WebpkiRoots).build()?);
    };
    let pem = std::fs::read(path)
        .with_context(|| format!("mail.smtp_ca_file: {} cannot be read", path.display()))?;
    let none = || format!("mail.smtp_ca_file: {} holds no certificates in PEM", path.display());
    let begin = b"-----BEGIN CERTIFICATE-----";
    ensure!(pem.windows(begin.len()).any(|part| part == begin), none());
    let own = Certificate::from_pem(&pem).with_context(none)?;
    builder.certificate_store(CertificateStore::None).add_root_certificate(own).build().with_context(none)
}
