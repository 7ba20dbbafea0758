//! Why a mail has not left, and what that means for it.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use lettre::transport::smtp::Error;

use crate::printable::single_line;

/// How much of what a mail server says is kept.
const LONGEST_REPLY: usize = 500;
/// Words of this length that a reply shares with its mail are more than chance: links and tokens are longer.
const LONG_WORD: usize = 20;

/// Why a mail has not left.
#[derive(Debug)]
pub struct Failure {
    /// What is to become of it.
    pub kind: FailureKind,
    /// The cause for the log: without what the mail server said, which may hold addresses.
    pub summary: String,
    /// The cause in full.
    pub cause: String,
}

/// What is to become of a mail that has not left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// It is tried again later.
    Waits,
    /// It is tried again later, and now the others would fare no better.
    NoneLeaves,
    /// It was refused for good.
    Refused,
}

/// What the mail server was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connection,
    Encryption,
    Login,
    Sender,
    Recipient,
    Data,
    Mail,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Connection => "EHLO",
            Self::Encryption => "STARTTLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Mail => "the mail",
        }
    }

    fn is_about_one_mail(self) -> bool {
        matches!(self, Self::Recipient | Self::Data | Self::Mail)
    }
}

impl Failure {
    /// One that is known without the mail server.
    pub(super) fn new(kind: FailureKind, error: &anyhow::Error) -> Self {
        let cause = format!("{error:#}");
        Self { kind, summary: cause.clone(), cause }
    }

    /// Given up although it was only put off, because it was so for this long.
    #[must_use]
    pub fn after(self, waited: Duration) -> Self {
        let given_up = |cause| format!("put off for {} days: {cause}", waited.as_secs() / (24 * 3600));
        Self { kind: FailureKind::Refused, summary: given_up(self.summary), cause: given_up(self.cause) }
    }

    /// Without the words of `text` that the mail server repeated.
    pub(super) fn without(mut self, text: &str) -> Self {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#=&%+".contains(c);
        let words: Vec<&str> = self.cause.split(|c| !is_part(c)).collect();
        let repeated = |word: &&str| word.len() >= LONG_WORD && text.contains(word.trim_end_matches('.'));
        let repeated: Vec<String> =
            words.into_iter().filter(repeated).map(|word| word.trim_end_matches('.').to_owned()).collect();
        for word in repeated {
            self.cause = self.cause.replace(&word, "…");
        }
        self
    }
}

/// What an answer, or none, of the mail server at `place` means.
pub(super) fn judge(step: Step, error: &Error, place: &str) -> Failure {
    let Some(code) = error.status().map(u16::from) else {
        let summary = without_reply(step, error, place);
        return Failure { kind: FailureKind::NoneLeaves, cause: summary.clone(), summary };
    };
    let kind = match code {
        // The server closes the connection, whatever it was asked for.
        421 => FailureKind::NoneLeaves,
        _ if !step.is_about_one_mail() => FailureKind::NoneLeaves,
        // It wants a login or encryption first: that is how the site is set up.
        503 | 530 | 535 | 538 => FailureKind::NoneLeaves,
        _ if error.is_permanent() => FailureKind::Refused,
        _ => FailureKind::Waits,
    };
    let summary = format!("the mail server {place} answered {code} to {}", step.name());
    let reply = error.source().map(|reply| shortened(&reply.to_string())).unwrap_or_default();
    Failure { kind, cause: format!("{summary}: {reply}"), summary }
}

/// Says why the mail server did not reply.
fn without_reply(step: Step, error: &Error, place: &str) -> String {
    let source = error.source();
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let cause = source.map(|cause| format!(": {}", shortened(&cause.to_string()))).unwrap_or_default();
    match io {
        None if error.is_response() => {
            format!("the mail server {place} ended the connection, or spoke no SMTP, at {}", step.name())
        }
        // A read that takes too long is `WouldBlock` on Unix; the connection itself may be `TimedOut`.
        kind if step == Step::Connection && kind != Some(ErrorKind::WouldBlock) => {
            format!("no connection to a mail server at {place}{cause}")
        }
        Some(ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            format!("the mail server {place} did not answer {} in time", step.name())
        }
        _ => format!("the mail server {place} cannot be used, at {}{cause}", step.name()),
    }
}

/// A mail server may say anything; it may not fill the database either.
fn shortened(text: &str) -> String {
    single_line(&text.trim().chars().take(LONGEST_REPLY).collect::<String>())
}
