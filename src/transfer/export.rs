//! Exports institutions, research fields, accounts and working groups to a file that `import` reads. Importing the
//! file into an empty database and exporting that one gives the same file.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Value, json};

use super::import::Report;
use crate::app::App;
use crate::error::Result;
use crate::store::accounts::transfer::{ExportedAccount, list_for_export};
use crate::store::groups::Group;
use crate::store::{self, Reader};

/// The number of accounts that are read at a time, and of groups whose members and requests are read at a time.
const BATCH_SIZE: u16 = 250;

/// Writes everything and returns the numbers of entries.
pub fn export(app: &App, out: &mut dyn Write) -> Result<Report> {
    app.store.read(|db| {
        let mut report = Report::default();
        let mut list = Lists { out, is_first_list: true, is_first_entry: true };
        list.begin("institutions")?;
        for institution in store::institutions::list_institutions(db, &[], i64::MAX, 0)? {
            list.entry(&json!(institution))?;
            report.institutions.kept += 1;
        }
        list.begin("researchfields")?;
        for field in store::institutions::list_research_fields(db)? {
            list.entry(&json!(field))?;
            report.research_fields.kept += 1;
        }
        list.begin("users")?;
        let mut last = 0;
        loop {
            let accounts = list_for_export(db, last, BATCH_SIZE.into())?;
            let Some(exported) = accounts.last() else { break };
            last = exported.account.id;
            report.accounts.kept += accounts.len();
            for exported in accounts {
                list.entry(&user_entry(&exported))?;
            }
        }
        list.begin("workinggroups")?;
        for groups in store::groups::list(db)?.chunks(BATCH_SIZE.into()) {
            for group in group_entries(db, groups)? {
                list.entry(&group)?;
                report.groups.kept += 1;
            }
        }
        list.end()?;
        Ok(report)
    })
}

fn user_entry(ExportedAccount { account, password_hash, .. }: &ExportedAccount) -> Value {
    // Leaves out a password that an activation would remove. A stranger may have chosen it, and the format cannot express
    // that.
    let hash = password_hash.as_deref().filter(|_| !account.activation_ends_password);
    let mut entry = json!({
        "email": account.email,
        "username": account.username,
        "password": hash.unwrap_or_default(),
        "first_name": account.first_name,
        "last_name": account.last_name,
        "academic_title": account.academic_title,
        "is_active": account.deactivated_at.is_none(),
        "is_staff": account.is_staff,
        "date_joined": account.joined_at.to_string(),
        "status": {
            "verified": account.verified_at.is_some(),
            "archived": account.archived_at.is_some(),
            "secondary_email": account.secondary_email,
        },
    });
    // Left out if it is not set, so that earlier versions can import the file.
    if let Some(language) = &account.language {
        entry["language"] = json!(language);
    }
    entry
}

fn group_entries(db: &Reader<'_>, groups: &[Group]) -> Result<Vec<Value>> {
    let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
    let members = store::accounts::list_by_groups(db, &ids)?;
    let requests = store::join_requests::list_by_groups(db, &ids)?;
    let requesters: Vec<_> = requests.iter().map(|request| request.account).collect();
    let requesters = store::accounts::list_by_ids(db, &requesters)?.into_iter();
    let emails: HashMap<_, _> = requesters.map(|requester| (requester.id, requester.email)).collect();
    let entry = |group: &Group| {
        let members = members.iter().filter(|member| member.is_member_of(&group.id));
        let (representatives, others): (Vec<_>, Vec<_>) =
            members.partition(|member| member.represents().is_some());
        let requests = requests.iter().filter(|request| request.group == group.id).map(|request| {
            json!({
                "id": request.id,
                "user": emails.get(&request.account),
                "timestamp": request.made_at.to_string(),
                "status": request.status.into_str(),
            })
        });
        json!({
            "id": group.id,
            "name": group.name,
            "institution": group.institution.as_ref().map(|institution| &institution.id),
            "researchfield": group.research_field.id,
            "n_employees": group.employees,
            "is_public": group.is_public,
            "representative": representatives.first().map(|account| &account.email),
            "members": others.iter().map(|member| &member.email).collect::<Vec<_>>(),
            "joinrequests": requests.collect::<Vec<_>>(),
        })
    };
    Ok(groups.iter().map(entry).collect())
}

/// Writes an object of lists, one entry per line, so that two files can be compared.
struct Lists<'a> {
    out: &'a mut dyn Write,
    is_first_list: bool,
    is_first_entry: bool,
}

impl Lists<'_> {
    fn begin(&mut self, name: &str) -> Result<()> {
        let before = if self.is_first_list { "{\n" } else { "\n  ],\n" };
        (self.is_first_list, self.is_first_entry) = (false, true);
        self.write(format_args!("{before}  \"{name}\": ["))
    }

    fn entry(&mut self, entry: &Value) -> Result<()> {
        let before = if self.is_first_entry { "" } else { "," };
        self.is_first_entry = false;
        self.write(format_args!("{before}\n    {entry}"))
    }

    fn end(&mut self) -> Result<()> {
        self.write(format_args!("\n  ]\n}}\n"))
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) -> Result<()> {
        Ok(self.out.write_fmt(text).map_err(anyhow::Error::new)?)
    }
}
