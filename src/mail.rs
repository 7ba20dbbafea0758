//! Mails: templates and delivery.

mod backend;
mod failure;
mod format;
mod outage;
mod smtp;
mod templates;

use anyhow::Result;

use crate::clock::Timestamp;
use crate::config::Config;
use backend::Backend;
use templates::Templates;

pub use failure::{Failure, FailureKind};
pub use outage::Outage;
pub use templates::MailKind;

/// A mail before it is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The address of the recipient.
    pub recipient: String,
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// Renders and delivers mails.
pub struct Mailer {
    templates: Templates,
    backend: Backend,
}

/// Rejects templates and certificates that cannot be used.
pub fn check(config: &Config) -> Result<()> {
    Templates::new(config)?;
    smtp::check(config)
}

impl Mailer {
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self { templates: Templates::new(config)?, backend: Backend::new(config)? })
    }

    /// Renders a mail that addresses its recipient by `name`.
    pub fn render(&self, kind: &MailKind<'_>, recipient: &str, name: &str) -> Result<Message> {
        self.templates.render(kind, recipient, name)
    }

    /// Delivers a mail. The `Message-ID` is derived from `id` and `created_at`, so it stays the same if the mail is
    /// delivered again.
    pub fn deliver(&self, message: &Message, id: i64, created_at: Timestamp) -> Result<(), Failure> {
        self.backend.deliver(message, id, created_at)
    }

    /// Closes the connection to the mail server, if there is one.
    pub fn disconnect(&self) {
        self.backend.disconnect();
    }

    /// Returns how mail is delivered, for the log: the end of a sentence that begins with "mail".
    pub fn describe(&self) -> String {
        self.backend.describe()
    }
}
