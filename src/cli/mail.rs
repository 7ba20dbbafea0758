use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::database::open;
use super::explain;
use super::output::{format_time, print};
use super::paging::print_list;
use super::terminal::confirm;
use crate::accounts::admin::mails;
use crate::app::App;
use crate::config::Config;
use crate::store;
use crate::store::outbox::{OutboxMessage, State};

#[derive(Subcommand)]
pub(super) enum Command {
    /// List waiting mails, and those that were delivered or refused lately (retention.mails).
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Print a mail.
    Show {
        /// The id of the mail, as `mail list` prints it.
        id: i64,
    },
    /// Queue a mail for immediate delivery. Without an id, queue all waiting and refused mails.
    Retry {
        /// The id of the mail [default: all waiting and refused mails].
        id: Option<i64>,
        /// Do not ask for confirmation before a delivered mail is sent again.
        #[arg(long)]
        yes: bool,
    },
}

pub(super) fn run(config: &Config, command: Command) -> Result<()> {
    let app = open(config)?;
    match command {
        Command::List { json } => list(&app, json),
        Command::Show { id } => show(&app, id),
        Command::Retry { id: Some(id), yes } => retry(&app, id, yes),
        Command::Retry { id: None, .. } => retry_all(&app),
    }
}

fn list(app: &App, as_json: bool) -> Result<()> {
    let page = app.store.read(store::outbox::list);
    print_list(as_json, std::iter::once(page), "There are no mails.\n", to_json, line)
}

fn line(message: &OutboxMessage) -> String {
    let OutboxMessage { id, recipient, subject, created_at, .. } = message;
    let created_at = format_time(*created_at);
    format!("{id:>6}  {created_at}  {:<24}  {recipient}  {subject}\n", state(message))
}

fn state(message: &OutboxMessage) -> String {
    match (message.state(), message.attempts) {
        (State::Waiting, attempts) if attempts > 0 => format!("waiting, attempts: {attempts}"),
        (state, _) => state.into_str().to_owned(),
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
        "delivered_at": message.delivered_at.map(|time| time.to_string()),
        "refused_at": message.refused_at.map(|time| time.to_string()),
    })
}

fn show(app: &App, id: i64) -> Result<()> {
    let message = explain("the mail cannot be shown", mails::show(app, id))?;
    let last_error =
        message.last_error.as_ref().map(|error| format!("Last error: {error}\n")).unwrap_or_default();
    print(&format!(
        "To: {}\nSubject: {}\nState: {}\n{last_error}\n{}\n",
        message.recipient,
        message.subject,
        state(&message),
        message.text.trim_end()
    ))
}

fn retry(app: &App, id: i64, yes: bool) -> Result<()> {
    let failure = "no mail was queued";
    let message = explain(failure, mails::find(app, id))?;
    let is_delivered = message.state() == State::Delivered;
    if is_delivered {
        let question =
            format!("Mail {id} to {} has already been delivered. Send it again?", message.recipient);
        let refusal = format!("mail {id} has already been delivered");
        confirm(&question, &refusal, yes)?;
    }
    let is_queued = explain(failure, mails::retry(app, id, is_delivered))?;
    print_queued(usize::from(is_queued))
}

fn retry_all(app: &App) -> Result<()> {
    print_queued(explain("no mail was queued", mails::retry_all(app))?)
}

fn print_queued(mails: usize) -> Result<()> {
    print(&format!("Mails queued: {mails}. The server delivers them within seconds if it is running.\n"))
}
