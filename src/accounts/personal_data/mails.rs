//! Mails that wait or were delivered or refused lately.

use serde_json::{Value, json};

use super::redaction::redact;
use super::{optional, time};
use crate::accounts::Account;
use crate::email;
use crate::store::outbox::OutboxMessage;
use crate::store::{self, Reader, personal_data as stored};

fn is_waiting(mail: &OutboxMessage) -> bool {
    mail.delivered_at.is_none() && mail.refused_at.is_none()
}

/// Exports mails to the owner in full, and of mails about the owner to others only what they share: the subject and times.
pub(super) fn export(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let pending = store::pending_emails::find_hash(db, account.id)?;
    let is_own = |mail: &OutboxMessage| {
        let is_pending = || pending.as_ref() == Some(&email::hash(&mail.recipient));
        account.addresses().any(|own| email::is_same(own, &mail.recipient)) || is_pending()
    };
    let spellings: Vec<String> =
        account.addresses().flat_map(|address| [address.to_lowercase(), email::key(address)]).collect();
    let mut own = stored::list_mails_to(db, &spellings)?;
    let (about, others): (Vec<_>, Vec<_>) =
        stored::list_mails_about(db, account.id)?.into_iter().partition(is_own);
    own.extend(about);
    own.sort_by_key(|mail| mail.id);
    own.dedup_by_key(|mail| mail.id);
    let times = |mail: &OutboxMessage| {
        json!({
            "subject": redact(&mail.subject, account),
            "writtenAt": time(mail.created_at),
            "deliveredAt": optional(mail.delivered_at),
            "refusedAt": optional(mail.refused_at),
            "nextAttemptAt": is_waiting(mail).then(|| time(mail.due_at)),
            "attempts": mail.attempts,
        })
    };
    let in_full = |mail: &OutboxMessage| {
        let mut exported = times(mail);
        exported["recipient"] = mail.recipient.as_str().into();
        exported["lastError"] = mail.last_error.as_deref().map(|text| redact(text, account)).into();
        exported["text"] = redact(&mail.text, account).into();
        exported["html"] = redact(&mail.html, account).into();
        exported
    };
    Ok(json!({
        "toYou": own.iter().map(in_full).collect::<Vec<_>>(),
        "aboutYouToOthers": others.iter().map(times).collect::<Vec<_>>(),
    }))
}
