//! A mail as it travels.

use anyhow::{Context, Result};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, MultiPartKind, SinglePart};

use super::Message;
use crate::clock::Timestamp;

/// Parts of a multipart body are told apart by this line: no mail of ours holds it.
const BOUNDARY: &str = "=_pledge4future-auth_=";

/// The same bytes each time: `number` and `at` name the mail for ever.
pub(super) fn format(message: &Message, from: &Mailbox, number: i64, at: Timestamp) -> Result<Vec<u8>> {
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
