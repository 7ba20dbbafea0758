//! Delivery of mails to standard output, to files or to a mail server.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lettre::message::Mailbox;

use super::format::format;
use super::smtp::{Conversation, Smtp};
use super::{Failure, FailureKind, Message};
use crate::clock::Timestamp;
use crate::config::{self, Config};
use crate::printable::multi_line;
use crate::private_files;

pub enum Backend {
    Console { from: Mailbox },
    File { from: Mailbox, directory: PathBuf },
    Smtp(Box<Smtp>),
}

impl Backend {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let from: Mailbox = config.mail.from.parse().context("mail.from is not a valid mail address")?;
        match config.mail.transport {
            config::Transport::Console => Ok(Self::Console { from }),
            config::Transport::File => {
                let directory = config.mail_directory();
                // Private, because links in mails give access, and names of files contain the time of a request.
                private_files::create_dir(&directory).with_context(|| {
                    format!("mail.directory: the folder {} cannot be created", directory.display())
                })?;
                Ok(Self::File { from, directory })
            }
            config::Transport::Smtp => Ok(Self::Smtp(Box::new(Smtp::new(config, from)?))),
        }
    }

    /// The most conversations at a time.
    pub fn max_conversations(&self) -> usize {
        if let Self::Smtp(smtp) = self { smtp.max_conversations } else { 1 }
    }

    /// Delivers a mail. The `Message-ID` is derived from `id` and `created_at`, so it is the same in every attempt.
    pub fn deliver(
        &self,
        conversation: &mut Conversation,
        message: &Message,
        id: i64,
        created_at: Timestamp,
    ) -> Result<(), Failure> {
        match self {
            Self::Console { from } => {
                print(message, from).map_err(|error| Failure::new(FailureKind::ServerUnavailable, error))
            }
            Self::File { from, directory } => write(message, from, directory, id, created_at),
            Self::Smtp(smtp) => smtp.deliver(conversation, message, id, created_at),
        }
    }

    /// Returns the end of a sentence that begins with "mail".
    pub fn describe(&self) -> String {
        match self {
            Self::Console { .. } => "is printed on standard output".to_owned(),
            Self::File { directory, .. } => format!("is written to {}", directory.display()),
            Self::Smtp(smtp) => smtp.describe(),
        }
    }
}

/// Prints a mail so that people and test scripts can read it. A line of dashes ends it.
fn print(message: &Message, from: &Mailbox) -> Result<()> {
    let text = format!(
        "From: {from}\nTo: {}\nSubject: {}\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\n{}\n{}\n",
        message.recipient,
        message.subject,
        message.text.trim_end(),
        "-".repeat(72),
    );
    let mut output = std::io::stdout().lock();
    output
        .write_all(multi_line(&text).as_bytes())
        .and_then(|()| output.flush())
        .context("standard output cannot be written")
}

/// Writes a mail to a file whose name sorts by time. A mail that is delivered again overwrites its file. A server that is
/// killed leaves no incomplete file under that name.
fn write(
    message: &Message,
    from: &Mailbox,
    directory: &Path,
    id: i64,
    created_at: Timestamp,
) -> Result<(), Failure> {
    let mail =
        format(message, from, id, created_at).map_err(|error| Failure::new(FailureKind::Refused, error))?;
    let name = format!("{:020}-{id:08}.eml", created_at.micros());
    let (path, temporary) = (directory.join(&name), directory.join(format!(".{name}")));
    let unwritable = || format!("{} cannot be written", path.display());
    write_and_sync(&temporary, &mail)
        .with_context(unwritable)
        .map_err(|error| Failure::new(FailureKind::ServerUnavailable, error))?;
    // Unlike above, the cause may be this path, for example a folder of that name, so other mails are still delivered.
    std::fs::rename(&temporary, &path)
        // The file name must be on disk before the mail counts as delivered.
        .and_then(|()| File::open(directory)?.sync_all())
        .with_context(unwritable)
        .map_err(|error| Failure::new(FailureKind::Retry, error))
}

fn write_and_sync(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private_files::open(path)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_all()
}
