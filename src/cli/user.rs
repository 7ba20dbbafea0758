mod invitations;
mod second_factor;
mod view;

use std::io::{IsTerminal as _, Write as _, stdin};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use super::database::{open, open_or_create};
use super::explain;
use super::output::{print, print_json};
use super::paging::print_list;
use super::terminal::{ask_for_password, confirm, read_password};
use crate::accounts::admin::{self, Creation, EmailChange};
use crate::accounts::{Account, Filter, personal_data};
use crate::app::App;
use crate::config::Config;
use crate::{private_files, store};

const PAGE_SIZE: i64 = 1000;

#[derive(Args)]
pub(super) struct Target {
    /// The address, username or id of the account.
    account: String,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Create an account. Asks for a password if there is a terminal. Without a password, the owner has to request a
    /// mailed link to set one.
    Create {
        /// The primary address.
        #[arg(long)]
        email: String,
        /// The username [default: the id of the account].
        #[arg(long)]
        username: Option<String>,
        /// Treat the address as confirmed. Without this option a mail asks the owner to confirm it.
        #[arg(long)]
        verified: bool,
        /// Give the account staff rights.
        #[arg(long)]
        staff: bool,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
        /// Create the account without a password, and do not ask for one.
        #[arg(long, conflicts_with = "password_stdin")]
        no_password: bool,
    },
    /// List all accounts.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Show an account.
    Show {
        #[command(flatten)]
        target: Target,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set a new password and end all sessions. Asks for the password unless --password-stdin is given.
    SetPassword {
        #[command(flatten)]
        target: Target,
        /// Read the password from standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Set a new primary address. If it is another mailbox, ends all sessions and mailed links, and notifies the owner.
    SetEmail {
        #[command(flatten)]
        target: Target,
        /// The new address.
        address: String,
        /// Treat the address as confirmed. Without this option a mail asks the owner to confirm it.
        #[arg(long)]
        verified: bool,
    },
    /// Mark the primary address as confirmed.
    Verify(Target),
    /// Deactivate an account and end all its sessions. Its data are kept, and its address stays taken.
    Deactivate(Target),
    /// Activate a deactivated account.
    Activate(Target),
    /// Give an account staff rights.
    Staff {
        #[command(flatten)]
        target: Target,
        /// Remove the rights.
        #[arg(long)]
        remove: bool,
    },
    /// Erase an account. Its address and username become available again.
    Delete {
        #[command(flatten)]
        target: Target,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Export everything that is stored about an account, as JSON, for example to answer its owner's request.
    Export {
        #[command(flatten)]
        target: Target,
        /// Write to a new file, which only you can read, instead of standard output.
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
    },
    /// Print the second factors of an account, or remove them for an owner who has lost them.
    SecondFactor {
        #[command(flatten)]
        target: Target,
        /// Remove the authenticator app, the recovery codes and the passkeys, and end all sessions. The owner gets a mail.
        #[arg(long)]
        remove: bool,
    },
    /// End all sessions of an account.
    Logout(Target),
    /// Mail an invitation to register, or to join a working group. Replaces an earlier one.
    Invite {
        /// The address to invite.
        email: String,
        /// The id of the working group, or the beginning of the id.
        #[arg(long)]
        group: Option<String>,
    },
    /// List the invitations that can be accepted.
    Invitations {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Revoke an invitation.
    RevokeInvitation {
        /// The id of the invitation.
        id: String,
    },
}

pub(super) fn run(config: &Config, command: Command) -> Result<()> {
    let creates = matches!(command, Command::Create { .. });
    let app = if creates { open_or_create(config)? } else { open(config)? };
    let message = match command {
        Command::Create { email, username, verified, staff, password_stdin, no_password } => {
            let password = if password_stdin {
                Some(read_password()?)
            } else if no_password || !stdin().is_terminal() {
                None
            } else {
                Some(ask_for_password()?)
            };
            let new = Creation {
                email,
                username,
                is_verified: verified,
                is_staff: staff,
                password,
                mails_password_link: false,
            };
            let account = explain("no account was created", admin::create(&app, &new))?;
            format!("account {} created: {}", account.id, account.email)
        }
        Command::List { json } => return list(&app, json),
        Command::Show { target, json } => return view::show(&app, &target.account, json),
        Command::SetPassword { target, password_stdin } => {
            let password = if password_stdin { read_password()? } else { ask_for_password()? };
            let account = change(admin::set_password(&app, &target.account, &password))?;
            format!("password of {} changed, all sessions ended", account.email)
        }
        Command::SetEmail { target, address, verified } => {
            let (account, changed) = change(admin::set_email(&app, &target.account, &address, verified))?;
            let Account { id, email, .. } = account;
            match changed {
                EmailChange::Unchanged => format!("account {id} already has the address {email}"),
                EmailChange::Spelling => {
                    format!("spelling of the address of account {id} changed to {email}")
                }
                EmailChange::Mailbox => {
                    let note = if verified { "" } else { "; a mail asks to confirm it" };
                    format!("address of account {id} changed to {email}, all sessions ended{note}")
                }
            }
        }
        Command::Verify(target) => describe("verified", change(admin::verify(&app, &target.account))?),
        Command::Deactivate(target) => {
            describe("deactivated", change(admin::set_active(&app, &target.account, false))?)
        }
        Command::Activate(target) => {
            describe("active", change(admin::set_active(&app, &target.account, true))?)
        }
        Command::Staff { target, remove } => {
            let changed = change(admin::set_staff(&app, &target.account, !remove))?;
            if remove {
                format!("{} has no staff rights", changed.0.email)
            } else {
                describe("staff", changed)
            }
        }
        Command::Delete { target, yes } => {
            let Account { id, email, .. } = change(app.store.read(|db| admin::find(db, &target.account)))?;
            let question = format!("Erase account {id} ({email}) with all its data?");
            confirm(&question, "this cannot be undone", yes)?;
            change(admin::delete(&app, id))?;
            format!("account {id} ({email}) erased")
        }
        Command::Export { target, file } => {
            let export = || explain("nothing was exported", personal_data::of_account(&app, &target.account));
            let Some(path) = file else { return print_json(&export()?) };
            private_files::create(&path, |file| {
                let text = serde_json::to_string_pretty(&export()?)? + "\n";
                file.write_all(text.as_bytes())
                    .with_context(|| format!("{} cannot be written", path.display()))
            })?;
            format!("{} contains personal data; delete it when it has been handed over", path.display())
        }
        Command::SecondFactor { target, remove: true } => second_factor::remove(&app, &target.account)?,
        Command::SecondFactor { target, remove: false } => return second_factor::show(&app, &target.account),
        Command::Logout(target) => {
            let account = change(admin::log_out(&app, &target.account))?;
            format!("all sessions of {} ended", account.email)
        }
        Command::Invite { email, group } => invitations::invite(&app, &email, group.as_deref())?,
        Command::Invitations { json } => return invitations::list(&app, json),
        Command::RevokeInvitation { id } => invitations::revoke(&app, &id)?,
    };
    print(&format!("{message}\n"))
}

fn change<T>(outcome: crate::error::Result<T>) -> Result<T> {
    explain("nothing was changed", outcome)
}

fn describe(state: &str, (account, changed): (Account, bool)) -> String {
    format!("{} is {}{state}", account.email, if changed { "" } else { "already " })
}

fn list(app: &App, as_json: bool) -> Result<()> {
    let mut offset = 0;
    let pages = std::iter::repeat_with(|| {
        let page = app.store.read(|db| store::accounts::list(db, &Filter::default(), offset, PAGE_SIZE));
        offset += PAGE_SIZE;
        page
    });
    print_list(
        as_json,
        pages,
        "There are no accounts.\n",
        |account| view::to_json(account, view::exact),
        view::line,
    )
}
