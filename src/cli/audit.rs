use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::database::open;
use super::explain;
use super::output::format_time;
use super::paging::print_list;
use crate::accounts::AccountId;
use crate::accounts::admin::audit_log;
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::printable::single_line;
use crate::store;
use crate::store::audit::{Entry, Position, StoredActor};

const PAGE_SIZE: i64 = 1000;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List events, oldest first: successful and rejected logins, and changes of passwords, addresses, sessions and groups.
    List {
        /// List only events that an account caused or that changed it. Takes its address, username or id; an erased account has
        /// only its id.
        #[arg(long, value_name = "ACCOUNT")]
        account: Option<String>,
        /// List only events since a time in UTC, such as 2026-11-01 or "2026-11-01 18:30:00", or in the last "7 days".
        #[arg(long, value_name = "TIME", value_parser = parse_since)]
        since: Option<Since>,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(config: &Config, command: Command) -> Result<()> {
    let Command::List { account, since, json } = command;
    let app = open(config)?;
    let since = since.map(|since| match since {
        Since::Timestamp(time) => time,
        Since::Ago(duration) => app.clock.now().minus(duration),
    });
    let account = account.map(|name| app.store.read(|db| audit_log::find_account(db, &name))).transpose();
    let account = explain("the events cannot be listed", account)?;
    list(&app, account, since.unwrap_or(Timestamp::from_micros(0)), json)
}

#[derive(Clone, Copy)]
pub(super) enum Since {
    Timestamp(Timestamp),
    Ago(Duration),
}

fn parse_since(text: &str) -> Result<Since, &'static str> {
    if let Ok(duration) = humantime::parse_duration(text) {
        return Ok(Since::Ago(duration));
    }
    if let Some(day) = audit_log::parse_day(text) {
        return Ok(Since::Timestamp(day));
    }
    let time = humantime::parse_rfc3339_weak(text);
    let time = time.map_err(|_| "write it as 2026-11-01, as \"2026-11-01 18:30:00\" or as \"7 days\"")?;
    let since_epoch = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(Since::Timestamp(Timestamp::from_micros(0).plus(since_epoch)))
}

fn list(app: &App, account: Option<AccountId>, since: Timestamp, as_json: bool) -> Result<()> {
    // Before all events at that time, because ids begin with 1.
    let mut position: Position = (since, 0);
    let pages = std::iter::repeat_with(|| {
        let page = app.store.read(|db| match account {
            Some(account) => store::audit::list_of_account(db, account, position, PAGE_SIZE),
            None => store::audit::list(db, position, PAGE_SIZE),
        })?;
        position = page.last().map_or(position, |last| (last.at, last.id));
        Ok(page)
    });
    print_list(as_json, pages, "No entries.\n", to_json, line)
}

fn line(entry: &Entry) -> String {
    let Entry { at, event, account, email, actor, address, detail, .. } = entry;
    let account = match (account, email) {
        (Some(id), Some(email)) => format!("{id} {email}"),
        (Some(id), None) => format!("{id} (erased)"),
        (None, _) => "no account".to_owned(),
    };
    let actor = match actor {
        StoredActor::Account(id) => format!("account {id}"),
        other => other.into_str().to_owned(),
    };
    let address = address.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
    let detail = detail.as_ref().map(|detail| format!("  {detail}")).unwrap_or_default();
    let at = format_time(*at);
    single_line(&format!("{at}  {event:<25}  {account}  by {actor}{address}{detail}")) + "\n"
}

fn to_json(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "at": entry.at.to_string(),
        "event": entry.event,
        "account": entry.account,
        "email": entry.email,
        "by": entry.actor.into_str(),
        "by_account": entry.actor.account(),
        "address": entry.address,
        "session": entry.session,
        "detail": entry.detail,
    })
}
