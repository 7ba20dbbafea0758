//! `group`: working groups, by an operator.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::terminal::confirm;
use super::{already, explain, open_there, print, print_json};
use crate::app::App;
use crate::config::Config;
use crate::groups::admin::{self, NewGroup, Represented};
use crate::printable::single_line;
use crate::store;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List all working groups and who represents them.
    List {
        /// As a JSON array, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// Make a working group. An account without a group represents it, and is told by mail.
    Create {
        /// Its name, unique within the institution.
        name: String,
        /// The id of its institution, or words of its name and place that no other has.
        #[arg(long)]
        institution: String,
        /// The number of its research field, or words of its name that no other has.
        #[arg(long)]
        field: String,
        /// The address, username or number of the account that represents it.
        #[arg(long, value_name = "ACCOUNT")]
        representative: String,
        /// How many people work in it.
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..))]
        employees: Option<i32>,
        /// Everybody who is logged in may find it.
        #[arg(long)]
        public: bool,
    },
    /// Delete a working group. Its members have no group then, and are told by mail.
    Delete {
        /// The group's id, or its beginning.
        group: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Make an account the representative of a group, such as one that was imported without. The one before stays as a
    /// member.
    SetRepresentative {
        /// The group's id, or its beginning.
        group: String,
        /// The account's address, username or number.
        account: String,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<()> {
    let app = open_there(config)?;
    match command {
        Command::List { json } => list(&app, *json),
        Command::Create { name, institution, field, representative, employees, public } => {
            let new = NewGroup {
                name: name.clone(),
                institution: institution.clone(),
                research_field: field.clone(),
                representative: representative.clone(),
                employees: employees.map(i64::from),
                is_public: *public,
            };
            let (group, representative) = explain("no working group was made", admin::create(&app, &new))?;
            let made = line(&Represented { group, representative: Some(representative) });
            print(&format!("the working group is made: {made}"))
        }
        Command::Delete { group, yes } => delete(&app, group, *yes),
        Command::SetRepresentative { group, account } => {
            let changed = admin::set_representative(&app, group, account);
            let (account, changed) = explain("nothing was changed", changed)?;
            print(&format!("{} represents the group{}\n", account.email, already(changed)))
        }
    }
}

fn list(app: &App, as_json: bool) -> Result<()> {
    let groups = explain("nothing can be listed", admin::list(app))?;
    if as_json {
        return print_json(&groups.iter().map(to_json).collect());
    }
    if groups.is_empty() {
        return print("There are no working groups.\n");
    }
    print(&groups.iter().map(line).collect::<String>())
}

fn delete(app: &App, id: &str, yes: bool) -> Result<()> {
    let nothing = "nothing was changed";
    let group = explain(nothing, app.store.read(|db| admin::find(db, id)))?;
    let members = app.store.read(|db| store::memberships::list_members(db, std::slice::from_ref(&group.id)));
    let members = members.map_err(store::Error::into_inner)?.len();
    let named = single_line(&format!("{} ({})", group.id, group.name));
    let question = format!("Delete the working group {named}? Members who lose their group: {members}.");
    confirm(&question, "this cannot be undone", yes)?;
    explain(nothing, admin::delete(app, &group.id))?;
    print(&format!("the working group {named} is deleted\n"))
}

fn line(represented: &Represented) -> String {
    let Represented { group, representative } = represented;
    let representative = representative.as_ref().map_or("nobody", |account| account.email.as_str());
    let institution = group.institution.as_ref().map_or("", |institution| institution.name.as_str());
    let line = format!("{}  {representative}  {}  {institution}", group.id, group.name);
    single_line(line.trim_end()) + "\n"
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
