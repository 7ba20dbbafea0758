//! How `user list` and `user show` print an account.

use anyhow::Result;
use serde_json::{Value, json};

use crate::accounts::{Account, admin};
use crate::app::App;
use crate::cli::explain;
use crate::cli::output::{format_time, json_line, print, print_json};
use crate::clock::Timestamp;
use crate::printable::single_line;
use crate::store;

pub(super) fn line(account: &Account) -> String {
    let marks = [
        ("staff", account.is_staff),
        ("not verified", account.verified_at.is_none()),
        ("archived", account.archived_at.is_some()),
        ("deactivated", account.deactivated_at.is_some()),
    ];
    let marks: Vec<_> = marks.iter().filter(|(_, applies)| *applies).map(|(mark, _)| *mark).collect();
    let Account { id, email, username, .. } = account;
    let (joined_at, marks) = (format_time(account.joined_at), marks.join(", "));
    let line = format!("{id:>6}  {joined_at}  {email}  {username}  {marks}");
    single_line(line.trim_end()) + "\n"
}

pub(super) fn show(app: &App, name: &str, as_json: bool) -> Result<()> {
    let account = explain("the account cannot be shown", app.store.read(|db| admin::find(db, name)))?;
    let now = app.clock.now();
    let sessions = app.store.read(|db| store::sessions::list_live(db, account.id, now));
    let mut members = to_json(&account, if as_json { exact } else { format_time });
    members["sessions"] = sessions?.len().into();
    if as_json {
        return print_json(&members);
    }
    let members = members.as_object().into_iter().flatten();
    print(&members.map(|(name, value)| format!("{name}: {}\n", json_line(value))).collect::<String>())
}

pub(super) fn exact(time: Timestamp) -> String {
    time.to_string()
}

pub(super) fn to_json(account: &Account, format_time: fn(Timestamp) -> String) -> Value {
    json!({
        "id": account.id,
        "email": account.email,
        "secondary_email": account.secondary_email,
        "username": account.username,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "academic_title": account.academic_title,
        "is_staff": account.is_staff,
        "joined_at": format_time(account.joined_at),
        "verified_at": account.verified_at.map(format_time),
        "archived_at": account.archived_at.map(format_time),
        "deactivated_at": account.deactivated_at.map(format_time),
        "working_group": account.membership.as_ref().map(|membership| &membership.group),
        "represents_working_group": account.represents().is_some(),
    })
}
