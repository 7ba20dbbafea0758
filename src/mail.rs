//! Mails: templates and delivery.

mod backend;
mod failure;
mod format;
mod outage;
mod smtp;
mod templates;

use std::sync::Arc;

use anyhow::Result;

use crate::config::Config;
use crate::language::Languages;

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
pub fn check(config: &Config, languages: &Arc<Languages>) -> Result<()> {
    Templates::new(config, languages)?;
    smtp::check(config)
}

impl Mailer {
    pub fn new(config: &Config, languages: &Arc<Languages>) -> Result<Self> {
        Ok(Self { templates: Templates::new(config, languages)?, backend: Backend::new(config)? })
    }
}
