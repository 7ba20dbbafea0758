//! The ways by which mails leave.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lettre::message::Mailbox;

use super::format::format;
use super::smtp::Smtp;
use super::{Failure, FailureKind, Message, in_lines};
use crate::clock::Timestamp;
use crate::config::{self, Config};
use crate::private_files;

pub(super) enum Transport {
    Console { from: Mailbox },
    File { from: Mailbox, directory: PathBuf },
    Smtp(Box<Smtp>),
}

impl Transport {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let from: Mailbox = config.mail.from.parse().context("mail.from is no mail address")?;
        match config.mail.transport {
            config::Transport::Console => Ok(Self::Console { from }),
            config::Transport::File => {
                let directory = config.mail_directory();
                // Mails hold links, and the names of their files tell when they were sent.
                private_files::create_dir(&directory).with_context(|| {
                    format!("mail.directory: the folder {} cannot be made", directory.display())
                })?;
                Ok(Self::File { from, directory })
            }
            config::Transport::Smtp => Ok(Self::Smtp(Box::new(Smtp::new(config, from)?))),
        }
    }

    pub(super) fn deliver(&self, message: &Message, number: i64, at: Timestamp) -> Result<(), Failure> {
        match self {
            Self::Console { from } => {
                print(message, from).map_err(|error| Failure::new(FailureKind::NoneLeaves, &error))
            }
            Self::File { from, directory } => write(message, from, directory, number, at),
            Self::Smtp(smtp) => smtp.deliver(message, number, at),
        }
    }

    pub(super) fn rest(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.rest();
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Console { .. } => "is printed on standard output".to_owned(),
            Self::File { directory, .. } => format!("is written to {}", directory.display()),
            Self::Smtp(smtp) => smtp.describe(),
        }
    }
}

/// For eyes, and as a mail that programs can read: a line of dashes ends it.
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
        .write_all(in_lines(&text).as_bytes())
        .and_then(|()| output.flush())
        .context("standard output does not take mails")
}

/// Names sort by time. A mail is there whole or not at all; delivered twice, it is there once. What a server that was
/// killed left half-written is written anew under the same hidden name.
fn write(
    message: &Message,
    from: &Mailbox,
    directory: &Path,
    number: i64,
    at: Timestamp,
) -> Result<(), Failure> {
    let mail =
        format(message, from, number, at).map_err(|error| Failure::new(FailureKind::Refused, &error))?;
    let name = format!("{:020}-{number:08}.eml", at.micros());
    let (path, hidden) = (directory.join(&name), directory.join(format!(".{name}")));
    let unwritable = || format!("{} cannot be written", path.display());
    // Where this one finds no room or may not be, no other does.
    write_whole(&hidden, &mail)
        .with_context(unwritable)
        .map_err(|error| Failure::new(FailureKind::NoneLeaves, &error))?;
    std::fs::rename(&hidden, &path)
        // The name as well, before the mail counts as delivered.
        .and_then(|()| File::open(directory)?.sync_all())
        .with_context(unwritable)
        .map_err(|error| Failure::new(FailureKind::Waits, &error))
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private_files::open(path)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    file.sync_all()
}
