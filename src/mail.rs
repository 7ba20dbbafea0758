//! Mails: templates and delivery.

mod backend;
mod failure;
mod format;
mod outage;
mod smtp;
mod templates;

use anyhow::Result;

use crate::config::Config;

pub use backend::Backend;
pub use failure::{Failure, FailureKind};
pub use outage::Outage;
pub use smtp::Conversation;
pub use templates::{MailKind, Templates};

/// A mail before it is encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

pub struct Mailer {
    pub templates: Templates,
    pub backend: Backend,
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
}
