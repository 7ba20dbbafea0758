use anyhow::{Context, Result};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::Message;
use crate::clock::Timestamp;

/// Separates the parts of the body. No part contains it, because `_` never follows `=` in quoted-printable.
const BOUNDARY: &str = "=_pledge4future-auth_=";

/// Encodes a mail as MIME. The same arguments always give the same bytes, so a repeated delivery is recognized.
pub(super) fn format(message: &Message, from: &Mailbox, id: i64, created_at: Timestamp) -> Result<Vec<u8>> {
    let part = |content_type: ContentType, body: &str| {
        SinglePart::builder()
            .header(content_type)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    let body = MultiPart::builder()
        .kind(MultiPartKind::Alternative)
        .boundary(BOUNDARY)
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    let recipient = message.recipient.parse().context("the recipient is not a valid mail address")?;
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, recipient))
        .subject(&message.subject)
        .date(created_at.to_system_time())
        .message_id(Some(format!("<{}.{id}@{}>", created_at.micros(), from.email.domain())))
        .multipart(body)?;
    // Prevents automatic replies, such as absence notices (RFC 3834 §5).
    let header = HeaderName::new_from_ascii_str("Auto-Submitted");
    mail.headers_mut().insert_raw(HeaderValue::new(header, "auto-generated".to_owned()));
    Ok(mail.formatted())
}
