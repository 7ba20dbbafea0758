//! Mails: their words, and the ways by which they leave.

mod failure;
mod format;
mod outage;
mod smtp;
mod templates;
mod transport;

use anyhow::Result;

use crate::clock::Timestamp;
use crate::config::Config;
use templates::Templates;
use transport::Transport;

pub use failure::{Failure, FailureKind};
pub use outage::Outage;
pub use templates::MailKind;

/// A mail ready to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The address it goes to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its body as plain text.
    pub text: String,
    /// Its body as HTML.
    pub html: String,
}

/// Writes and delivers mails.
pub struct Mailer {
    templates: Templates,
    transport: Transport,
}

/// Refuses texts of mails that are broken or ask for what is not there, and certificates that cannot be read.
///
/// # Errors
/// Which, and why.
pub fn check(config: &Config) -> Result<()> {
    Templates::new(config)?;
    smtp::check(config)
}

impl Mailer {
    /// A mailer as configured.
    ///
    /// # Errors
    /// If a template is broken or the folder for mails cannot be made.
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self { templates: Templates::new(config)?, transport: Transport::new(config)? })
    }

    /// Words a mail of this kind to somebody, who is called by `name`.
    ///
    /// # Errors
    /// If the template fails.
    pub fn write(&self, kind: &MailKind<'_>, recipient: &str, name: &str) -> Result<Message> {
        self.templates.write(kind, recipient, name)
    }

    /// Hands a mail over; it has left when this answers. `number` and `at` name it for ever.
    ///
    /// # Errors
    /// Why it has not left, and whether trying again later may help.
    pub fn deliver(&self, message: &Message, number: i64, at: Timestamp) -> Result<(), Failure> {
        self.transport.deliver(message, number, at)
    }

    /// Ends a round of deliveries: no connection is kept until the next.
    pub fn rest(&self) {
        self.transport.rest();
    }

    /// Where mails go, for the first lines of the log: the end of a sentence that begins with "mail".
    pub fn describe(&self) -> String {
        self.transport.describe()
    }
}
