use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::database::open;
use super::explain;
use super::output::print;
use super::paging::print_list;
use super::terminal::confirm;
use crate::app::App;
use crate::config::Config;
use crate::groups::admin::{self, Creation, Represented};
use crate::printable::single_line;
use crate::store;

#[derive(Subcommand)]
pub(super) enum Command {
    /// List all working groups and their representatives.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Create a working group. Its representative gets a mail.
    Create {
        /// The name, which must be unique within the institution.
        name: String,
        /// The id of the institution, or words from its name and place that match no other.
        #[arg(long)]
        institution: String,
        /// The id of the research field, or words from its name that match no other.
        #[arg(long)]
        field: String,
        /// The address, username or id of the representative, who must not be in another group.
        #[arg(long, value_name = "ACCOUNT")]
        representative: String,
        /// The number of employees.
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..))]
        employees: Option<i32>,
        /// Show the group to all accounts, not only to its members.
        #[arg(long)]
        public: bool,
    },
    /// Delete a working group. Its members get a mail.
    Delete {
        /// The id of the group, or the beginning of the id.
        group: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Make an account the representative of a group. The previous representative stays a member.
    SetRepresentative {
        /// The id of the group, or the beginning of the id.
        group: String,
        /// The address, username or id of the account.
        account: String,
    },
}

pub(super) fn run(config: &Config, command: Command) -> Result<()> {
    let app = open(config)?;
    match command {
        Command::List { json } => list(&app, json),
        Command::Create { name, institution, field, representative, employees, public } => {
            let new = Creation {
                name,
                institution,
                research_field: field,
                representative,
                employees: employees.map(i64::from),
                is_public: public,
            };
            let (group, representative) = explain("no working group was created", admin::create(&app, &new))?;
            let created = line(&Represented { group, representative: Some(representative) });
            print(&format!("working group created: {created}"))
        }
        Command::Delete { group, yes } => delete(&app, &group, yes),
        Command::SetRepresentative { group, account } => {
            let changed = admin::set_representative(&app, &group, &account);
            let (account, changed) = explain("nothing was changed", changed)?;
            let already = if changed { "" } else { "already " };
            print(&format!("{} {already}represents the group\n", account.email))
        }
    }
}

fn list(app: &App, as_json: bool) -> Result<()> {
    let groups = explain("the working groups cannot be listed", admin::list(app));
    print_list(as_json, std::iter::once(groups), "There are no working groups.\n", to_json, line)
}

fn delete(app: &App, id: &str, yes: bool) -> Result<()> {
    let failure = "nothing was changed";
    let group = explain(failure, app.store.read(|db| admin::find(db, id)))?;
    let members = app.store.read(|db| store::accounts::list_by_groups(db, std::slice::from_ref(&group.id)));
    let members = members?.len();
    let group_name = single_line(&format!("{} ({})", group.id, group.name));
    let question = format!("Delete the working group {group_name}? Members: {members}.");
    confirm(&question, "this cannot be undone", yes)?;
    explain(failure, admin::delete(app, &group.id))?;
    print(&format!("working group {group_name} deleted\n"))
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
