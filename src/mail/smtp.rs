//! Delivery to a mail server.
//!
//! A refused RCPT TO or DATA concerns one mail, and an earlier refused command concerns all mails. lettre's transport does
//! not report which command was refused, so this module sends the commands itself over lettre's connection.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{Certificate, CertificateStore, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::ExposeSecret;

use super::Message;
use super::failure::{Failure, FailureKind, Step};
use super::format::format;
use crate::clock::Timestamp;
use crate::config::{Config, Encryption, SmtpServer};

const REPLY_TIMEOUT: Duration = Duration::from_secs(20);
/// Mail servers scan a mail before they reply, and a mail whose reply comes too late is delivered twice. RFC 5321 recommends
/// ten minutes, but this program must stop within the `TimeoutStopSec` of its systemd unit.
const MAIL_REPLY_TIMEOUT: Duration = Duration::from_mins(1);
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

pub struct Smtp {
    server: SmtpServer,
    ehlo_name: ClientId,
    tls: TlsParameters,
    from: Mailbox,
    pub(super) max_conversations: usize,
}

/// A conversation with the mail server. Its connection opens with the first mail, stays open for further ones, and closes
/// when it is dropped. The other transports need none.
#[derive(Default)]
pub struct Conversation(Option<Connection>);

struct Connection {
    smtp: SmtpConnection,
    /// Whether the server accepts several commands at a time (RFC 2920).
    can_pipeline: bool,
}

impl Drop for Conversation {
    fn drop(&mut self) {
        if let Some(mut connection) = self.0.take() {
            connection.quit();
        }
    }
}

struct EncodedMail {
    recipient: Address,
    text: String,
}

impl EncodedMail {
    /// Whether the addresses are ASCII. The rest of the mail always is.
    fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// Rejects certificates that cannot be read.
pub(super) fn check(config: &Config) -> Result<()> {
    tls_parameters("localhost", config).map(drop)
}

impl Smtp {
    pub(super) fn new(config: &Config, from: Mailbox) -> Result<Self> {
        let url = config.mail.smtp_url.as_ref().context("mail.smtp_url is missing")?;
        let server = SmtpServer::parse(url).context("mail.smtp_url")?;
        let tls = tls_parameters(&server.host, config)?;
        let ehlo_name = ehlo_name(&server, config);
        let from = Mailbox::new(from.name, with_ascii_host(&from.email)?);
        Ok(Self { server, ehlo_name, tls, from, max_conversations: config.mail.connections })
    }

    pub(super) fn describe(&self) -> String {
        format!("is sent by SMTP through {}", self.address())
    }

    pub(super) fn deliver(
        &self,
        conversation: &mut Conversation,
        message: &Message,
        id: i64,
        created_at: Timestamp,
    ) -> Result<(), Failure> {
        let mail = encode(message, &self.from, id, created_at)
            .map_err(|error| Failure::new(FailureKind::Refused, error))?;
        loop {
            let open = conversation.0.take();
            let is_new = open.is_none();
            let mut connection = match open {
                Some(connection) => connection,
                None => self.connect().map_err(|error| self.redact_login(self.failure(error)))?,
            };
            if !mail.is_ascii() && !connection.supports_utf8() {
                conversation.0 = Some(connection);
                return Err(self.ascii_only(&mail));
            }
            let (step, error) = match connection.send(&self.from, &mail) {
                Ok(()) => {
                    conversation.0 = Some(connection);
                    return Ok(());
                }
                Err(error) => error,
            };
            if step == Step::Sender && !is_new {
                // The connection may have reached its limit of mails, so another one is tried.
                connection.quit();
                continue;
            }
            let failure = self.failure((step, error)).redact(&message.text);
            let concerns_one_mail = matches!(failure.kind, FailureKind::Refused | FailureKind::Retry);
            if concerns_one_mail && connection.smtp.command(Rset).is_ok() {
                conversation.0 = Some(connection);
            }
            return Err(failure);
        }
    }

    fn address(&self) -> String {
        let SmtpServer { host, port, .. } = &self.server;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    fn failure(&self, (step, error): (Step, Error)) -> Failure {
        Failure::from_smtp(step, &error, &self.address())
    }

    fn ascii_only(&self, mail: &EncodedMail) -> Failure {
        // If the recipient is ASCII, then the sender is not, which concerns all mails.
        let concerns_all = mail.recipient.to_string().is_ascii();
        let kind = if concerns_all { FailureKind::ServerUnavailable } else { FailureKind::Refused };
        Failure::new(kind, format!("the mail server {} accepts only ASCII addresses", self.address()))
    }

    /// Removes the user and the password, which a server may repeat in plain text or in base64.
    fn redact_login(&self, mut failure: Failure) -> Failure {
        if let Some((user, password)) = &self.server.login {
            let password = password.expose_secret();
            let sent = [format!("\0{user}\0{password}"), password.to_owned(), user.clone()];
            for secret in &sent {
                failure.cause =
                    failure.cause.replace(&BASE64_STANDARD.encode(secret), "…").replace(secret, "…");
            }
        }
        failure
    }

    fn connect(&self) -> Result<Connection, (Step, Error)> {
        let SmtpServer { host, port, encryption, login, .. } = &self.server;
        let tls = (*encryption == Encryption::Implicit).then_some(&self.tls);
        let mut smtp =
            SmtpConnection::connect((host.as_str(), *port), Some(REPLY_TIMEOUT), &self.ehlo_name, tls, None)
                .map_err(|error| (Step::Connection, error))?;
        let offered = *encryption == Encryption::Opportunistic && smtp.can_starttls();
        if offered || *encryption == Encryption::Required {
            smtp.starttls(&self.tls, &self.ehlo_name).map_err(|error| (Step::Encryption, error))?;
        }
        // lettre forgets whether the server offers pipelining, so this asks again.
        let can_pipeline = match smtp.command(Ehlo::new(self.ehlo_name.clone())) {
            Ok(reply) => reply.message().any(|line| line.eq_ignore_ascii_case("PIPELINING")),
            Err(error) if is_reply(&error) => false,
            Err(error) => return Err((Step::Connection, error)),
        };
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            smtp.auth(DEFAULT_MECHANISMS, &credentials).map_err(|error| (Step::Login, error))?;
        }
        Ok(Connection { smtp, can_pipeline })
    }
}

impl Connection {
    fn supports_utf8(&self) -> bool {
        self.smtp.server_info().supports_feature(Extension::SmtpUtfEight)
    }

    fn send(&mut self, from: &Mailbox, mail: &EncodedMail) -> Result<(), (Step, Error)> {
        let parameters = if mail.is_ascii() {
            Vec::new()
        } else {
            vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)]
        };
        let sender = Mail::new(Some(from.email.clone()), parameters);
        let recipient = Rcpt::new(mail.recipient.clone(), Vec::new());
        if self.can_pipeline {
            self.pipeline(&sender, &recipient)?;
        } else {
            self.smtp.command(sender).map_err(|error| (Step::Sender, error))?;
            self.smtp.command(recipient).map_err(|error| (Step::Recipient, error))?;
            self.smtp.command(Data).map_err(|error| (Step::Data, error))?;
        }
        let _ = self.smtp.set_timeout(Some(MAIL_REPLY_TIMEOUT));
        let sent = self.smtp.command(&mail.text);
        let _ = self.smtp.set_timeout(Some(REPLY_TIMEOUT));
        sent.map(drop).map_err(|error| (Step::Mail, error))
    }

    /// Sends MAIL FROM, RCPT TO and DATA together.
    fn pipeline(&mut self, sender: &Mail, recipient: &Rcpt) -> Result<(), (Step, Error)> {
        self.smtp.command(format!("{sender}{recipient}{Data}")).map_err(|error| (Step::Sender, error))?;
        let Err(refusal) = self.smtp.read_response() else {
            return self.smtp.read_response().map(drop).map_err(|error| (Step::Data, error));
        };
        if is_reply(&refusal) {
            // A server may accept DATA without a recipient. Then it gets an empty mail, which nobody receives.
            let end = self.smtp.read_response().and_then(|_| self.smtp.command(".\r\n"));
            if end.is_err_and(|error| !is_reply(&error)) {
                // A late reply would be taken for that to a later command.
                self.quit();
            }
        }
        Err((Step::Recipient, refusal))
    }

    fn quit(&mut self) {
        let _ = self.smtp.set_timeout(Some(QUIT_TIMEOUT));
        self.smtp.abort();
    }
}

/// Whether the server refused a command, in contrast to a missing or invalid reply.
fn is_reply(error: &Error) -> bool {
    error.status().is_some()
}

fn encode(message: &Message, from: &Mailbox, id: i64, created_at: Timestamp) -> Result<EncodedMail> {
    let invalid = "the recipient is not a valid mail address";
    let recipient = with_ascii_host(&message.recipient.parse().context(invalid)?).context(invalid)?;
    let message = Message { recipient: recipient.to_string(), ..message.clone() };
    let text = String::from_utf8(format(&message, from, id, created_at)?)?;
    Ok(EncodedMail { text: terminate(&text), recipient })
}

/// Escapes dots at the start of lines and appends the dot that ends a mail. lettre sends that dot separately, which costs
/// 40 milliseconds per mail, because it waits for an acknowledgement of the data.
fn terminate(text: &str) -> String {
    format!("{}\r\n.\r\n", text.strip_suffix("\r\n").unwrap_or(text).replace("\r\n.", "\r\n.."))
}

/// Converts the host of an address to ASCII, so that all servers accept it.
fn with_ascii_host(address: &Address) -> Result<Address> {
    let host = idna::domain_to_ascii(address.domain()).unwrap_or_else(|_| address.domain().to_owned());
    Ok(Address::new(address.user(), host)?)
}

/// Returns the name for EHLO: the one in the URL, or else the host of `public_url`. Many servers reject a client without a
/// domain.
fn ehlo_name(server: &SmtpServer, config: &Config) -> ClientId {
    let url = url::Url::parse(&config.public_url).ok();
    let own = url.as_ref().and_then(url::Url::domain).filter(|domain| domain.contains('.'));
    server
        .ehlo_name
        .as_deref()
        .or(own)
        .map_or_else(ClientId::default, |name| ClientId::Domain(name.to_owned()))
}

/// Trusts the certificates in `mail.smtp_ca_file`, or else Mozilla's root certificates, which are built in because a machine
/// may have none.
fn tls_parameters(host: &str, config: &Config) -> Result<TlsParameters> {
    let builder = TlsParameters::builder(host.to_owned());
    let Some(path) = &config.mail.smtp_ca_file else {
        return Ok(builder.certificate_store(CertificateStore::WebpkiRoots).build()?);
    };
    let pem = std::fs::read(path)
        .with_context(|| format!("mail.smtp_ca_file: {} cannot be read", path.display()))?;
    let no_certificates = || format!("mail.smtp_ca_file: {} contains no PEM certificates", path.display());
    let begin = b"-----BEGIN CERTIFICATE-----";
    ensure!(pem.windows(begin.len()).any(|part| part == begin), no_certificates());
    let root = Certificate::from_pem(&pem).with_context(no_certificates)?;
    builder
        .certificate_store(CertificateStore::None)
        .add_root_certificate(root)
        .build()
        .with_context(no_certificates)
}
