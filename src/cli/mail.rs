//! `mail list`, `mail show`, `mail retry`

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::terminal::confirm;
use super::{open_there, print, print_json, to_the_second};
use crate::app::App;
use crate::config::Config;
use crate::store;
use crate::store::outbox::OutboxMessage;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the mails that wait and those that left or were refused in the last seven days.
    List {
        /// As a JSON array, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Print a mail.
    Show {
        /// Its number, as `mail list` has it.
        number: i64,
    },
    /// Try again now: one mail, or all that wait or were refused. It asks before it sends a delivered mail again.
    Retry {
        /// Its number; all that wait or were refused if left out.
        number: Option<i64>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<()> {
    let app = open_there(config)?;
    match command {
        Command::List { json } => list(&app, *json),
        Command::Show { number } => show(&app, *number),
        Command::Retry { number: Some(number), yes } => retry(&app, *number, *yes),
        Command::Retry { number: None, .. } => retry_all(&app),
    }
}

fn list(app: &App, as_json: bool) -> Result<()> {
    let messages = app.store.read(store::outbox::list).map_err(store::Error::into_inner)?;
    if as_json {
        return print_json(&messages.iter().map(to_json).collect());
    }
    if messages.is_empty() {
        return print("There are no mails.\n");
    }
    let lines = messages.iter().map(|message| {
        let OutboxMessage { id, recipient, subject, created_at, .. } = message;
        let created_at = to_the_second(*created_at);
        format!("{id:>6}  {created_at}  {:<24}  {recipient}  {subject}\n", state(message))
    });
    print(&lines.collect::<String>())
}

fn state(message: &OutboxMessage) -> String {
    match (message.delivered_at, message.refused_at, message.attempts) {
        (Some(_), _, _) => "delivered".to_owned(),
        (None, Some(_), _) => "refused".to_owned(),
        (None, None, 0) => "waits".to_owned(),
        (None, None, attempts) => format!("waits, attempts: {attempts}"),
    }
}

fn to_json(message: &OutboxMessage) -> serde_json::Value {
    json!({
        "id": message.id,
        "recipient": message.recipient,
        "subject": message.subject,
        "created_at": message.created_at.to_string(),
        "due_at": message.due_at.to_string(),
        "attempts": message.attempts,
        "last_error": message.last_error,
        "delivered_at": message.delivered_at.map(|moment| moment.to_string()),
        "refused_at": message.refused_at.map(|moment| moment.to_string()),
    })
}

fn find(app: &App, number: i64) -> Result<OutboxMessage> {
    let found = app.store.read(|db| store::outbox::find_by_id(db, number));
    match found.map_err(store::Error::into_inner)? {
        Some(message) => Ok(message),
        None => bail!("there is no mail {number}; `mail list` shows what there is"),
    }
}

fn show(app: &App, number: i64) -> Result<()> {
    let message = find(app, number)?;
    let trouble =
        message.last_error.as_ref().map(|error| format!("Last error: {error}\n")).unwrap_or_default();
    print(&format!(
        "To: {}\nSubject: {}\nState: {}\n{trouble}\n{}\n",
        message.recipient,
        message.subject,
        state(&message),
        message.text.trim_end()
    ))
}

fn retry(app: &App, number: i64, yes: bool) -> Result<()> {
    let message = find(app, number)?;
    let again = message.delivered_at.is_some();
    if again {
        let question =
            format!("Mail {number} to {} has been delivered already. Send it again?", message.recipient);
        confirm(&question, &format!("mail {number} has been delivered already"), yes)?;
    }
    let now = app.clock.now();
    let due = app.store.write(|tx| store::outbox::set_due(tx, number, now, again));
    tell_due(usize::from(due.map_err(store::Error::into_inner)?))
}

fn retry_all(app: &App) -> Result<()> {
    let now = app.clock.now();
    let due = app.store.write(|tx| store::outbox::set_all_due(tx, now));
    tell_due(due.map_err(store::Error::into_inner)?)
}

fn tell_due(due: usize) -> Result<()> {
    print(&format!("Mails due: {due}. A running server delivers within seconds.\n"))
}
