//! The pages for operators at `/admin`, for staff. Each change needs a password that was entered recently.

mod account;
mod accounts;
mod audit;
mod chart;
mod fields;
mod groups;
mod institutions;
mod invitations;
mod mail;
mod overview;
mod settings;

use minijinja::Value;
use url::form_urlencoded::Serializer;

use super::session_page::SessionPage;
use super::values::{context, time};
use super::visit::Visit;
use crate::accounts::Account;
use crate::store::audit::{Entry, StoredActor};
use crate::store::groups::Group;
use crate::store::outbox::OutboxMessage;

/// The entries of a list on one page.
const PAGE_SIZE: usize = 50;

pub(super) static PAGES: [&SessionPage; 17] = [
    &overview::OVERVIEW,
    &accounts::ACCOUNTS,
    &accounts::NEW,
    &account::ACCOUNT,
    &mail::MAILS,
    &mail::MAIL,
    &audit::AUDIT,
    &institutions::INSTITUTIONS,
    &institutions::NEW,
    &institutions::INSTITUTION,
    &fields::FIELDS,
    &fields::FIELD,
    &groups::GROUPS,
    &groups::NEW,
    &groups::GROUP,
    &invitations::INVITATIONS,
    &settings::SETTINGS,
];

/// Sentences that a page shows after a form was accepted, by the value of `done` in the address.
pub(super) const DONE: [(&str, &str); 21] = [
    ("account_created", "The account is created. We have mailed its owner a link to choose a password."),
    ("account_verified", "The address is marked as confirmed."),
    ("account_deactivated", "The account is deactivated, and all its sessions have ended."),
    ("account_activated", "The account is active."),
    ("link_sent", "We have mailed the owner a link to choose a password."),
    ("activation_sent", "We have mailed the owner a link to confirm the address."),
    ("account_logged_out", "All sessions of the account have ended."),
    ("account_session_ended", "The session of the account has ended."),
    ("second_factors_removed", "The second factors of the account are removed. The owner gets a mail."),
    ("staff_given", "The account has the rights of staff."),
    ("staff_taken", "The account no longer has the rights of staff."),
    ("address_set", "The primary address is changed."),
    ("account_deleted", "The account and its data are erased."),
    ("mail_queued", "The mail is queued. It is delivered within seconds."),
    ("mails_queued", "All waiting and refused mails are queued. They are delivered within seconds."),
    ("unchanged", "There was nothing to change."),
    ("added", "The entry is added."),
    ("merged", "The entries are merged."),
    ("representative_set", "The group has a new representative, who gets a mail."),
    ("desk_group_created", "The working group is created. Its representative gets a mail."),
    ("desk_group_deleted", "The working group is deleted. Its members get a mail."),
];

/// Returns the name of the sentence after a change that may have changed nothing.
fn done(changed: bool, name: &'static str) -> &'static str {
    if changed { name } else { "unchanged" }
}

/// Returns the address of the page of a visit with one parameter of the query replaced. The others, such as filters, stay.
fn page_with(visit: &Visit, name: &str, value: &str) -> String {
    let mut query = visit.query.repeatable();
    query.remove("done");
    query.insert(name.to_owned(), value.to_owned());
    query.retain(|_, value| !value.is_empty());
    format!("{}?{}", visit.path(), Serializer::new(String::new()).extend_pairs(query).finish())
}

fn account_values(account: &Account) -> Value {
    context! {
        id => account.id,
        email => account.email.clone(),
        username => account.username.clone(),
        name => account.full_name(),
        joined_at => time(account.joined_at),
        is_staff => account.is_staff,
        is_verified => account.verified_at.is_some(),
        is_archived => account.archived_at.is_some(),
        is_deactivated => account.deactivated_at.is_some(),
    }
}

fn group_values(group: &Group) -> Value {
    context! { id => group.id.clone(), name => group.name.clone() }
}

fn entry_values(entry: &Entry) -> Value {
    let actor = match entry.actor {
        StoredActor::Owner => "the owner",
        StoredActor::Account(_) => "another account",
        StoredActor::Operator => "an operator",
        StoredActor::Somebody => "somebody",
    };
    context! {
        event => entry.event.clone(),
        at => time(entry.at),
        account => entry.account,
        email => entry.email.clone(),
        actor,
        actor_account => entry.actor.account(),
        address => entry.address.clone(),
        detail => entry.detail.clone(),
    }
}

fn mail_values(mail: &OutboxMessage) -> Value {
    context! {
        id => mail.id,
        recipient => mail.recipient.clone(),
        subject => mail.subject.clone(),
        created_at => time(mail.created_at),
        due_at => time(mail.due_at),
        delivered_at => mail.delivered_at.map(time),
        refused_at => mail.refused_at.map(time),
        state => mail.state().into_str(),
        attempts => mail.attempts,
        last_error => mail.last_error.clone(),
    }
}
