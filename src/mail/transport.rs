//! The ways by which mails leave.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::Message;
use crate::clock::Moment;
use crate::config::{self, Config};

/// Parts of a multipart body are told apart by this line: no mail of ours holds it.
const BOUNDARY: &str = "=_pledge4future-auth_=";

pub(super) enum Transport {
    Console { from: Mailbox },
    File { from: Mailbox, directory: PathBuf },
}

impl Transport {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let from: Mailbox = config.mail.from.parse().context("mail.from is no mail address")?;
        match config.mail.transport {
            config::Transport::Console => Ok(Self::Console { from }),
            config::Transport::File => {
                let directory = config.mail_directory();
                std::fs::create_dir_all(&directory).with_context(|| {
                    format!("mail.directory: the folder {} cannot be made", directory.display())
                })?;
                Ok(Self::File { from, directory })
            }
        }
    }

    pub(super) fn deliver(&self, message: &Message, number: i64, at: Moment) -> Result<()> {
        match self {
            Self::Console { from } => print(message, from),
            Self::File { from, directory } => write(message, from, directory, number, at),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Console { .. } => "printed on standard output".to_owned(),
            Self::File { directory, .. } => format!("written to {}", directory.display()),
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
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .context("standard output does not take mails")
}

/// Names sort by time. A mail is there whole or not at all; delivered twice, it is there once.
fn write(message: &Message, from: &Mailbox, directory: &Path, number: i64, at: Moment) -> Result<()> {
    let path = directory.join(format!("{:020}-{number:08}.eml", at.micros()));
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(directory)?;
    file.write_all(&format(message, from, number, at)?)?;
    file.as_file().sync_all()?;
    file.persist(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(())
}

fn format(message: &Message, from: &Mailbox, number: i64, at: Moment) -> Result<Vec<u8>> {
    let part = |kind: ContentType, body: &str| {
        SinglePart::builder()
            .header(kind)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(BOUNDARY)
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    let message_id = format!("<{}.{number}@{}>", at.micros(), from.email.domain());
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, message.recipient.parse().context("the recipient is no mail address")?))
        .subject(&message.subject)
        .date(at.to_system_time())
        .message_id(Some(message_id))
        .multipart(body)?;
    // So that nobody's absence note answers it (RFC 3834 §5).
    let header = HeaderName::new_from_ascii_str("Auto-Submitted");
    mail.headers_mut().insert_raw(HeaderValue::new(header, "auto-generated".to_owned()));
    Ok(mail.formatted())
}
