//! The reasons for which mails are not delivered.

use std::error::Error as _;
use std::fmt::Display;
use std::io::ErrorKind;
use std::time::Duration;

use lettre::transport::smtp::Error;

use crate::printable::single_line;

/// The length in characters at which a reply of the mail server is cut off.
const MAX_REPLY: usize = 500;
/// The length from which words are redacted. The secret parts of tokens are at least as long.
const MIN_SECRET: usize = 20;

#[derive(Debug)]
pub struct Failure {
    pub kind: FailureKind,
    /// The cause without the reply of the mail server, which may contain addresses. For the log.
    pub summary: String,
    pub cause: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The mail is retried later.
    Retry,
    /// The mail was not sent and is retried later. Any other mail would fail now as well, unless another conversation with
    /// the mail server works.
    ServerUnavailable,
    /// The conversation with the mail server ended during this mail, which is retried later.
    ConversationLost,
    /// The mail is not retried.
    Refused,
}

/// The step of an SMTP session that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(const_into_str)]
pub(super) enum Step {
    #[strum(serialize = "EHLO")]
    Connection,
    #[strum(serialize = "STARTTLS")]
    Encryption,
    #[strum(serialize = "AUTH")]
    Login,
    #[strum(serialize = "MAIL FROM")]
    Sender,
    #[strum(serialize = "RCPT TO")]
    Recipient,
    #[strum(serialize = "DATA")]
    Data,
    #[strum(serialize = "the mail")]
    Mail,
}

impl Step {
    fn concerns_one_mail(self) -> bool {
        matches!(self, Self::Recipient | Self::Data | Self::Mail)
    }
}

impl Failure {
    /// Creates a failure without a reply of a mail server.
    pub(super) fn new(kind: FailureKind, cause: impl Display) -> Self {
        let cause = format!("{cause:#}");
        Self { kind, summary: cause.clone(), cause }
    }

    /// Classifies an SMTP error. `server` is the address of the mail server.
    pub(super) fn from_smtp(step: Step, error: &Error, server: &str) -> Self {
        let broken = if step.concerns_one_mail() {
            FailureKind::ConversationLost
        } else {
            FailureKind::ServerUnavailable
        };
        let Some(code) = error.status().map(u16::from) else {
            return Self::new(broken, describe_missing_reply(step, error, server));
        };
        let kind = match code {
            // The server closes the connection, requires a login (also 503) or encryption, or rejects the login.
            421 | 503 | 530 | 535 | 538 => broken,
            _ if !step.concerns_one_mail() => broken,
            _ if error.is_permanent() => FailureKind::Refused,
            _ => FailureKind::Retry,
        };
        let summary = format!("the mail server {server} answered {code} to {}", step.into_str());
        let reply = error.source().map(|reply| shorten(&reply.to_string())).unwrap_or_default();
        Self { kind, cause: format!("{summary}: {reply}"), summary }
    }

    /// Makes this the final failure of a mail that was deferred for `age`.
    #[must_use]
    pub fn refuse_after(self, age: Duration) -> Self {
        let days = age.as_secs() / (24 * 3600);
        let explain = |cause| format!("deferred for {days} days: {cause}");
        Self { kind: FailureKind::Refused, summary: explain(self.summary), cause: explain(self.cause) }
    }

    /// Replaces long words in the cause that are also in the mail. They may be tokens that the mail server repeated.
    pub(super) fn redact(mut self, mail: &str) -> Self {
        let is_separator = |c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c);
        let cause = self.cause.clone();
        for word in cause.split(is_separator).filter(|word| word.len() >= MIN_SECRET && mail.contains(word)) {
            self.cause = self.cause.replace(word, "…");
        }
        self
    }
}

fn describe_missing_reply(step: Step, error: &Error, server: &str) -> String {
    let source = error.source();
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let cause = source.map(|cause| format!(": {}", shorten(&cause.to_string()))).unwrap_or_default();
    let step_name = step.into_str();
    match io {
        None if error.is_response() => {
            format!("the mail server {server} closed the connection or does not speak SMTP, at {step_name}")
        }
        // `WouldBlock` means that no reply came in time (on Unix), so there was a connection.
        kind if step == Step::Connection && kind != Some(ErrorKind::WouldBlock) => {
            format!("no connection to a mail server at {server}{cause}")
        }
        Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            format!("the mail server {server} did not answer {step_name} in time")
        }
        _ => format!("the connection to the mail server {server} failed at {step_name}{cause}"),
    }
}

/// Cuts off a long reply or error, and removes control characters.
fn shorten(reply: &str) -> String {
    single_line(&reply.trim().chars().take(MAX_REPLY).collect::<String>())
}
