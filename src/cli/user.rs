//! `user`: accounts, by an operator.

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::pages::print_pages;
use super::terminal::{self, confirm};
use super::{already, explain, in_json, open_there, print, print_json, to_the_second};
use crate::accounts::admin::{self, Creation, EmailChange};
use crate::accounts::{Account, Filter};
use crate::app::App;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::printable::single_line;
use crate::store;

/// How many accounts are held in memory at a time.
const AT_A_TIME: i64 = 1000;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make an account. At a terminal it asks for a password. Without a password nobody can log in to the account. The
    /// owner asks for a link to choose one; it is not mailed now.
    Create {
        /// The primary address.
        #[arg(long)]
        email: String,
        /// The username; the account's number if left out.
        #[arg(long)]
        username: Option<String>,
        /// The address is known to be its owner's; otherwise a mail asks for that.
        #[arg(long)]
        verified: bool,
        /// It sees what is reserved for staff.
        #[arg(long)]
        staff: bool,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Do not ask for a password. The account has none.
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// List all accounts.
    List {
        /// As a JSON array, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Show an account.
    Show {
        /// Its address, username or number.
        account: String,
        /// As JSON, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Set another password, which ends all sessions. It is asked for, or read from standard input.
    SetPassword {
        /// Its address, username or number.
        account: String,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account another primary address, which ends all sessions and links in mails. Its owner is told by mail.
    SetEmail {
        /// Its address, username or number.
        account: String,
        /// The new address.
        address: String,
        /// Treat the new address as confirmed. Without this, the owner confirms it by a link in a mail.
        #[arg(long)]
        verified: bool,
    },
    /// Mark the primary address as its owner's.
    Verify {
        /// Its address, username or number.
        account: String,
    },
    /// Shut an account off, which ends all sessions. Its data and address are kept.
    Deactivate {
        /// Its address, username or number.
        account: String,
    },
    /// Open an account again that was shut off.
    Activate {
        /// Its address, username or number.
        account: String,
    },
    /// Let an account see what is reserved for staff.
    Staff {
        /// Its address, username or number.
        account: String,
        /// Not any more.
        #[arg(long)]
        remove: bool,
    },
    /// Erase an account; address and username are free again.
    Delete {
        /// Its address, username or number.
        account: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// End all sessions of an account.
    Logout {
        /// Its address, username or number.
        account: String,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<()> {
    if let Command::Create { email, username, verified, staff, password_stdin, no_password } = command {
        let password = match password_stdin {
            true => Some(terminal::password_from_stdin()?),
            false if *no_password || !terminal::is_there() => None,
            false => Some(terminal::ask_for_password()?),
        };
        let (email, username) = (email.clone(), username.clone());
        let new = Creation { email, username, verified: *verified, staff: *staff, password };
        let account = explain("no account was made", admin::create(&super::open(config)?, &new))?;
        return print(&format!("account {} is made: {}\n", account.id, account.email));
    }
    let app = open_there(config)?;
    let nothing = "nothing was changed";
    let said = match command {
        Command::Create { .. } => String::new(),
        Command::List { json } => return list(&app, *json),
        Command::Show { account, json } => return show(&app, account, *json),
        Command::SetPassword { account, password_stdin } => {
            let password = match password_stdin {
                true => terminal::password_from_stdin()?,
                false => terminal::ask_for_password()?,
            };
            let account = explain(nothing, admin::set_password(&app, account, &password))?;
            format!("{} has another password and is logged out everywhere", account.email)
        }
        Command::SetEmail { account, address, verified } => {
            let (account, change) = explain(nothing, admin::set_email(&app, account, address, *verified))?;
            let Account { id, email, .. } = account;
            match (change, verified) {
                (EmailChange::None, _) => format!("account {id} has the address {email} already"),
                (EmailChange::Spelling, _) => {
                    format!("account {id} has the address {email}, another spelling of the one before")
                }
                (EmailChange::Mailbox, true) => {
                    format!("account {id} has the address {email} and is logged out everywhere")
                }
                (EmailChange::Mailbox, false) => format!(
                    "account {id} has the address {email} and is logged out everywhere; a mail asks to confirm it"
                ),
            }
        }
        Command::Verify { account } => {
            let (account, changed) = explain(nothing, admin::verify(&app, account))?;
            format!("{} is verified{}", account.email, already(changed))
        }
        Command::Deactivate { account } => {
            let (account, changed) = explain(nothing, admin::set_active(&app, account, false))?;
            format!("{} is shut off{}", account.email, already(changed))
        }
        Command::Activate { account } => {
            let (account, changed) = explain(nothing, admin::set_active(&app, account, true))?;
            format!("{} is open{}", account.email, already(changed))
        }
        Command::Staff { account, remove } => {
            let (account, changed) = explain(nothing, admin::set_staff(&app, account, !remove))?;
            let is = if *remove { "is not staff" } else { "is staff" };
            format!("{} {is}{}", account.email, already(changed))
        }
        Command::Delete { account, yes } => {
            let there = explain(nothing, app.store.read(|db| admin::find(db, account)))?;
            let question = format!("Erase account {} ({}) with all its data?", there.id, there.email);
            confirm(&question, "this cannot be undone", *yes)?;
            let account = explain(nothing, admin::delete(&app, there.id))?;
            format!("{} is erased", account.email)
        }
        Command::Logout { account } => {
            let account = explain(nothing, admin::log_out(&app, account))?;
            format!("{} is logged out everywhere", account.email)
        }
    };
    print(&format!("{said}\n"))
}

fn list(app: &App, as_json: bool) -> Result<()> {
    let mut offset = 0;
    let next_page = || {
        let page = app.store.read(|db| store::accounts::list(db, &Filter::default(), offset, AT_A_TIME));
        offset += AT_A_TIME;
        page.map_err(store::Error::into_inner)
    };
    print_pages(as_json, "There are no accounts.\n", next_page, |account| {
        if as_json { in_json(&to_json(account, exact)) } else { line(account) }
    })
}

fn line(account: &Account) -> String {
    let marks = [
        ("staff", account.is_staff),
        ("not verified", account.verified_at.is_none()),
        ("archived", account.archived_at.is_some()),
        ("shut off", account.deactivated_at.is_some()),
    ];
    let marks: Vec<_> = marks.iter().filter(|(_, holds)| *holds).map(|(mark, _)| *mark).collect();
    let Account { id, email, username, .. } = account;
    let (joined_at, marks) = (to_the_second(account.joined_at), marks.join(", "));
    let line = format!("{id:>6}  {joined_at}  {email}  {username}  {marks}");
    single_line(line.trim_end()) + "\n"
}

fn show(app: &App, name: &str, as_json: bool) -> Result<()> {
    let account = explain("nothing can be shown", app.store.read(|db| admin::find(db, name)))?;
    let now = app.clock.now();
    let sessions = app.store.read(|db| store::sessions::list_live(db, account.id, now));
    let mut shown = to_json(&account, if as_json { exact } else { to_the_second });
    shown["sessions"] = sessions.map_err(store::Error::into_inner)?.len().into();
    if as_json {
        return print_json(&shown);
    }
    let members = shown.as_object().into_iter().flatten();
    print(&members.map(|(name, value)| format!("{name}: {}\n", in_json(value))).collect::<String>())
}

fn exact(moment: Timestamp) -> String {
    moment.to_string()
}

fn to_json(account: &Account, time: fn(Timestamp) -> String) -> Value {
    json!({
        "id": account.id,
        "email": account.email,
        "secondary_email": account.secondary_email,
        "username": account.username,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "academic_title": account.academic_title,
        "is_staff": account.is_staff,
        "joined_at": time(account.joined_at),
        "verified_at": account.verified_at.map(time),
        "archived_at": account.archived_at.map(time),
        "deactivated_at": account.deactivated_at.map(time),
        "working_group": account.membership.as_ref().map(|membership| &membership.group),
        "represents_working_group": account.represents().is_some(),
    })
}
