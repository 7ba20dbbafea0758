//! The page on which people see and download everything that is stored about them.

use minijinja::Value;
use serde_json::Value as Json;

use crate::accounts::{AccountId, personal_data};
use crate::app::App;
use crate::error::Result;
use crate::http::pages::content::event_sentence;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, day, short_time};
use crate::http::pages::visit::Visit;
use crate::security::reauthentication::Proof;

/// The most entries of a list that the page shows. The file contains all.
const MAX_ENTRIES: usize = 100;

pub(super) static DATA: SessionPage = SessionPage {
    path: "/account/data",
    title: "Your data",
    template: "data.html",
    access: Access::Owner,
    fields: &["password", "code"],
    show: |_, _| Ok(Reply::Page(context! {})),
    submit: Some(submit),
};

/// The parts of an export with their titles, in the order of the page.
const PARTS: [(&str, &str); 17] = [
    ("/account", "Account"),
    ("/addresses", "E-mail addresses"),
    ("/workingGroup", "Working group"),
    ("/joinRequests", "Your requests"),
    ("/invitations/received", "Invitations to you"),
    ("/invitations/made", "Invitations by you"),
    ("/secondFactor/authenticator", "Authenticator app"),
    ("/secondFactor/recoveryCodes", "Recovery codes"),
    ("/secondFactor/passkeys", "Passkeys"),
    ("/sessions", "Sessions"),
    ("/knownNetworks", "Networks from which you logged in"),
    ("/mails/toYou", "Mails to you"),
    ("/mails/aboutYouToOthers", "Mails about you to others"),
    ("/auditLog", "Activity"),
    ("/throttling", "Counted attempts"),
    ("/django/user", "Your key in the former system"),
    ("/django/joinRequests", "Keys of your requests in the former system"),
];

/// The labels of members of an export. A member without one has its own name.
const LABELS: [(&str, &str); 70] = [
    ("about", "About"),
    ("academicTitle", "Academic title"),
    ("acceptedAt", "Accepted"),
    ("activationEndsPassword", "The activation ends the password"),
    ("addedAt", "Added to this server"),
    ("allTokensRevokedAt", "All sessions ended"),
    ("archivedAt", "Archived"),
    ("at", "Time"),
    ("attempts", "Attempts"),
    ("authenticatedAt", "Identity last confirmed"),
    ("authenticatedWith", "Methods"),
    ("by", "By"),
    ("confirmedAt", "Confirmed"),
    ("deactivatedAt", "Deactivated"),
    ("deliveredAt", "Delivered"),
    ("detail", "Detail"),
    ("device", "Device"),
    ("email", "E-mail address"),
    ("event", "Event"),
    ("expiresAt", "Expires"),
    ("firstName", "First name"),
    ("forgottenAt", "Forgotten"),
    ("hasPassword", "Has a password, stored as a hash"),
    ("html", "HTML"),
    ("id", "Id"),
    ("institution", "Institution"),
    ("ipAddress", "IP address"),
    ("isBackedUp", "Copied to other devices"),
    ("isOnPages", "Browser session"),
    ("isStaff", "Staff"),
    ("isSuperuserInDjango", "Superuser in the former system"),
    ("issuedAt", "Issued"),
    ("joinedAt", "Member since"),
    ("key", "Key"),
    ("language", "Language"),
    ("lastAttemptAt", "Last attempt"),
    ("lastError", "Last error"),
    ("lastLoginInDjangoAt", "Last login to the former system"),
    ("lastName", "Last name"),
    ("lastSeenAt", "Last seen"),
    ("lastUsedAt", "Last used"),
    ("limit", "Limit"),
    ("madeAt", "Made"),
    ("mails", "Mails"),
    ("name", "Name"),
    ("network", "Network"),
    ("nextAttemptAt", "Next attempt"),
    ("operatorPagesUsedAt", "Pages for operators used"),
    ("primary", "Primary address"),
    ("recipient", "Recipient"),
    ("refreshTokens", "Refresh tokens"),
    ("refusedAt", "Refused"),
    ("replacedAt", "Replaced"),
    ("revocationsOfAllTokens", "How often all sessions ended"),
    ("role", "Role"),
    ("secondary", "Secondary address"),
    ("secondaryAwaitsConfirmation", "A secondary address waits for its confirmation"),
    ("session", "Session"),
    ("startedAt", "Logged in"),
    ("status", "Status"),
    ("subject", "Subject"),
    ("terms", "Terms of use"),
    ("text", "Text"),
    ("unused", "Not used yet"),
    ("usedAt", "Used"),
    ("username", "Username"),
    ("verifiedAt", "Address confirmed"),
    ("workingGroup", "Working group"),
    ("workingGroupId", "Id of the working group"),
    ("writtenAt", "Written"),
];

/// The members whose values are words of this program.
const MEMBERS_WITH_WORDS: [&str; 4] = ["about", "by", "role", "status"];
/// What these words mean to the owner.
const WORDS: [(&str, &str); 9] = [
    ("another account", "Another account"),
    ("approved", "Accepted"),
    ("declined", "Declined"),
    ("member", "Member"),
    ("operator", "An operator"),
    ("pending", "Waiting for an answer"),
    ("representative", "Representative"),
    ("somebody", "Somebody"),
    ("you", "You"),
];

/// The HTML part of a mail says the same as its text.
const ONLY_IN_FILE: &str = "html";

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let data = personal_data::mine(app, &visit.viewer, Proof::RecentLogin)?;
    if visit.form.get("action") == "show" {
        return Ok(Reply::Page(context! { data => parts(&data) }));
    }
    let id = visit.session.as_ref().map(|session| session.account.id).unwrap_or_default();
    download(app, id, &data)
}

/// Returns an export as a file that has the account and the day in its name.
pub(in crate::http::pages) fn download(app: &App, id: AccountId, data: &Json) -> Result<Reply> {
    let day = day(app.clock.now());
    let json = serde_json::to_string_pretty(data).map_err(anyhow::Error::new)?;
    Ok(Reply::Download { name: format!("account-{id}-{day}.json"), json })
}

fn parts(data: &Json) -> Vec<Value> {
    let part = |(pointer, title): &(&str, &'static str)| {
        let rows: Vec<Vec<Value>> = match data.pointer(pointer) {
            Some(Json::Array(entries)) => entries.iter().rev().take(MAX_ENTRIES).map(facts).collect(),
            Some(Json::Null) | None => Vec::new(),
            Some(entry) => vec![facts(entry)],
        };
        let count = data.pointer(pointer).and_then(Json::as_array).map_or(0, Vec::len);
        context! { title => *title, rows, more => (count > MAX_ENTRIES).then_some(count) }
    };
    PARTS.iter().map(part).collect()
}

/// Returns the members of an entry that have a value.
fn facts(entry: &Json) -> Vec<Value> {
    let members = entry.as_object().into_iter().flatten();
    let fact = |(name, value): (&String, &Json)| {
        let label = LABELS.iter().find(|(known, _)| known == name).map(|(_, label)| *label);
        let sentence = value.as_str().and_then(|word| match name.as_str() {
            "event" => Some(event_sentence(word)),
            name if MEMBERS_WITH_WORDS.contains(&name) => {
                WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
            }
            _ => None,
        });
        let is_word = value.is_boolean() || sentence.is_some();
        let text = sentence.map_or_else(|| text(value), str::to_owned);
        let is_shown = !text.is_empty() && name != ONLY_IN_FILE;
        is_shown.then(
            || context! { name => label.map_or_else(|| name.clone(), str::to_owned), value => text, is_word },
        )
    };
    members.filter_map(fact).collect()
}

/// Returns a value for people. Of a list of objects, only the number of its entries: the file has the rest.
fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(is_true) => if *is_true { "Yes" } else { "No" }.to_owned(),
        Json::String(text) => short_time(text).unwrap_or_else(|| text.clone()),
        Json::Number(number) => number.to_string(),
        Json::Array(entries) if entries.iter().any(Json::is_object) => entries.len().to_string(),
        Json::Array(entries) => entries.iter().map(text).collect::<Vec<_>>().join(", "),
        Json::Object(members) => members.values().map(text).collect::<Vec<_>>().join(", "),
    }
}
