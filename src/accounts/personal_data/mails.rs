//! Mails that wait or were delivered or refused lately.

use serde_json::{Value, json};

use super::redaction::redact;
use super::{optional, time};
use crate::accounts::Account;
use crate::email;
use crate::store::groups::GroupId;
use crate::store::outbox::{OutboxMessage, State};
use crate::store::{self, Reader, personal_data as stored};

/// Returns the keys of the addresses of those who represent the groups that the account asked to join.
fn keys_of_asked_representatives(db: &Reader<'_>, account: &Account) -> store::Result<Vec<String>> {
    let requests = store::join_requests::list_by_accounts(db, &[account.id])?;
    let groups: Vec<GroupId> = requests.into_iter().map(|request| request.group).collect();
    let representatives = store::accounts::list_representatives(db, &groups)?;
    Ok(representatives.iter().flat_map(Account::addresses).map(|address| email::key(address)).collect())
}

/// Exports mails to the owner in full, and the subject and times of those to representatives whom the owner asked to join
/// their group. Other mails to others are left out: that the server wrote to an address can reveal whether it has an account.
pub(super) fn export(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let own_keys: Vec<String> = account.addresses().map(|address| email::key(address)).collect();
    let confirmed: Vec<String> = account.confirmed_addresses().map(|address| email::key(address)).collect();
    let asked = keys_of_asked_representatives(db, account)?;
    let key = |mail: &OutboxMessage| email::key(&mail.recipient);
    let (about, mut others): (Vec<_>, Vec<_>) =
        stored::list_mails_about(db, account.id)?.into_iter().partition(|mail| own_keys.contains(&key(mail)));
    others.retain(|mail| asked.contains(&key(mail)));
    let mut own = stored::list_mails_to(db, &confirmed)?;
    own.extend(about);
    own.sort_by_key(|mail| mail.id);
    own.dedup_by_key(|mail| mail.id);
    let times = |mail: &OutboxMessage| {
        json!({
            "subject": redact(&mail.subject, account),
            "writtenAt": time(mail.created_at),
            "deliveredAt": optional(mail.delivered_at),
            "refusedAt": optional(mail.refused_at),
            "nextAttemptAt": (mail.state() == State::Waiting).then(|| time(mail.due_at)),
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
