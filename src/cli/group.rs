//! `group`: working groups, by an operator.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::{already, open_there, print, print_json, told};
use crate::config::Config;
use crate::groups::operator::{self, Represented};
use crate::mail::on_one_line;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List all working groups and who represents them.
    List {
        /// As a JSON array, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Make an account the representative of a group, such as one that was imported without. Whoever was it stays as a
    /// member.
    SetRepresentative {
        /// The group's id.
        group: String,
        /// The account's address, username or number.
        account: String,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<()> {
    let app = open_there(config)?;
    match command {
        Command::List { json } => {
            let groups = told("nothing can be listed", operator::list(&app))?;
            if *json {
                return print_json(&groups.iter().map(to_json).collect());
            }
            if groups.is_empty() {
                return print("There are no working groups.\n");
            }
            print(&groups.iter().map(line).collect::<String>())
        }
        Command::SetRepresentative { group, account } => {
            let changed = operator::set_representative(&app, group, account);
            let (account, changed) = told("nothing was changed", changed)?;
            print(&format!("{} represents the group{}\n", account.email, already(changed)))
        }
    }
}

fn line(represented: &Represented) -> String {
    let Represented { group, representative } = represented;
    let representative = representative.as_ref().map_or("nobody", |account| account.email.as_str());
    let institution = group.institution.as_ref().map_or("", |institution| institution.name.as_str());
    let line = format!("{}  {representative}  {}  {institution}", group.id, group.name);
    on_one_line(line.trim_end()) + "\n"
}

fn to_json(represented: &Represented) -> serde_json::Value {
    let Represented { group, representative } = represented;
    json!({
        "id": group.id,
        "name": group.name,
        "institution": group.institution.as_ref().map(|institution| &institution.id),
        "is_public": group.is_public,
        "representative": representative.as_ref().map(|account| account.id),
    })
}
