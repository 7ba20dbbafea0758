//! Writes a file that `manage.py loaddata` reads, with the models of the site that was imported.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;

use serde_json::{Map, Value, json};

use super::PAGE;
use super::keys::{AccountKeys, Keys};
use super::models::{Kind, Model, Models};
use crate::accounts::Account;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::store::accounts::transfer::{ExportedAccount, list_for_export};
use crate::store::django_keys::KeyedModel;
use crate::store::groups::Group;
use crate::store::institutions::Institution;
use crate::store::join_requests::{JoinRequest, Status};
use crate::store::{self, Reader};

/// The groups whose join requests are read at a time.
const GROUPS: usize = 256;

#[derive(Default)]
pub struct Exported {
    /// The numbers of objects by model.
    pub objects: Vec<(String, u64)>,
    /// The numbers of objects that are left out, because the site has no model for them.
    pub left_out: BTreeMap<Kind, u64>,
}

/// Writes all objects that the site can store, and returns their numbers.
pub fn export(app: &App, out: &mut dyn Write) -> Result<Exported> {
    app.store.read(|db| {
        let models = Models::find(db)?.unwrap_or_else(Models::of_wepledge);
        let mut fixture = Fixture { out, models: &models, exported: Exported::default() };
        let export = Export::new(db, &models)?;
        if models.0.contains_key(&Kind::WorkingGroup) {
            require_representatives(db, &export.groups)?;
        }
        fixture.write_text("[")?;
        export.write_institutions(&mut fixture)?;
        // When a user is loaded, django-graphql-auth adds a status, unless there is one.
        for kind in [Kind::Status, Kind::User] {
            export.write_accounts(kind, &mut fixture)?;
        }
        export.write_groups(&mut fixture)?;
        export.write_join_requests(&mut fixture)?;
        fixture.write_text("\n]\n")?;
        Ok(fixture.exported)
    })
}

/// Rejects working groups without a representative, which WePledge cannot load.
fn require_representatives(db: &Reader<'_>, groups: &[Group]) -> Result<()> {
    let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
    let representatives = store::accounts::list_representatives(db, &ids)?;
    let represented: HashSet<&str> = representatives.iter().filter_map(Account::represents).collect();
    let unrepresented = groups.iter().filter(|group| !represented.contains(group.id.as_str()));
    let unrepresented: Vec<_> = unrepresented.map(|group| format!("{} ({})", group.id, group.name)).collect();
    if unrepresented.is_empty() {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "Django cannot load working groups without a representative; name one with `group set-representative`, or delete the \
         group with `group delete`: {}",
        unrepresented.join(", ")
    )))
}

struct Export<'a> {
    db: &'a Reader<'a>,
    institutions: Vec<Institution>,
    institution_keys: HashMap<String, Value>,
    groups: Vec<Group>,
    group_keys: HashMap<String, Value>,
    account_keys: AccountKeys,
    request_keys: Keys,
}

impl<'a> Export<'a> {
    fn new(db: &'a Reader<'a>, models: &Models) -> Result<Self> {
        let has_uuids = |kind| models.0.get(&kind).is_none_or(|model: &Model| model.has_uuids);
        let keys = |model, kind| Keys::new(db, model, has_uuids(kind));
        let institutions = store::institutions::list_institutions(db, &[], i64::MAX, 0)?;
        let institution_ids: Vec<_> = institutions.iter().map(|institution| institution.id.clone()).collect();
        let groups = store::groups::list(db)?;
        let group_ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
        Ok(Self {
            db,
            institutions,
            institution_keys: keys(KeyedModel::Institution, Kind::Institution)?.of(db, &institution_ids)?,
            groups,
            group_keys: keys(KeyedModel::WorkingGroup, Kind::WorkingGroup)?.of(db, &group_ids)?,
            account_keys: AccountKeys::new(db, has_uuids(Kind::User))?,
            request_keys: keys(KeyedModel::JoinRequest, Kind::JoinRequest)?,
        })
    }

    fn write_institutions(&self, fixture: &mut Fixture<'_>) -> Result<()> {
        for institution in &self.institutions {
            fixture.write(
                Kind::Institution,
                &self.institution_keys[&institution.id],
                |field| match field {
                    "name" => json!(institution.name),
                    "city" => json!(institution.city),
                    "state" => json!(institution.state),
                    _ => json!(institution.country),
                },
            )?;
        }
        for research_field in store::institutions::list_research_fields(self.db)? {
            fixture.write(Kind::ResearchField, &json!(research_field.id), |field| match field {
                "field" => json!(research_field.field),
                _ => json!(research_field.subfield),
            })?;
        }
        Ok(())
    }

    /// Writes all accounts as objects of a kind.
    fn write_accounts(&self, kind: Kind, fixture: &mut Fixture<'_>) -> Result<()> {
        let (mut last, mut number) = (0, 0);
        loop {
            let page = list_for_export(self.db, last, PAGE)?;
            let Some(exported) = page.last() else { return Ok(()) };
            last = exported.account.id;
            let accounts: Vec<&Account> = page.iter().map(|exported| &exported.account).collect();
            let keys = self.account_keys.of(self.db, &accounts)?;
            for exported in &page {
                let key = &keys[&exported.account.id];
                number += 1;
                if kind == Kind::Status {
                    fixture.write(kind, &json!(number), |field| status_value(exported, key, field))?;
                } else {
                    fixture.write(kind, key, |field| self.user_value(exported, field))?;
                }
            }
        }
    }

    fn user_value(&self, exported: &ExportedAccount, field: &str) -> Value {
        let account = &exported.account;
        let group = account.membership.as_ref().and_then(|membership| self.group_keys.get(&membership.group));
        match field {
            "password" => json!(django_hash(exported)),
            "last_login" => json!(account.last_login_at.map(django_time)),
            "is_superuser" => json!(exported.is_superuser),
            "is_staff" => json!(account.is_staff),
            "is_active" => json!(account.deactivated_at.is_none()),
            "date_joined" => json!(django_time(account.joined_at)),
            "email" => json!(account.email),
            "username" => json!(account.username),
            "first_name" => json!(account.first_name),
            "last_name" => json!(account.last_name),
            "academic_title" => json!(account.academic_title),
            "working_group" => json!(group),
            "is_representative" => json!(account.represents().is_some()),
            // The groups and permissions of the admin site are not imported.
            _ => json!([]),
        }
    }

    fn write_groups(&self, fixture: &mut Fixture<'_>) -> Result<()> {
        for groups in self.groups.chunks(GROUPS) {
            let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
            let representatives = store::accounts::list_representatives(self.db, &ids)?;
            let keys = self.account_keys.of(self.db, &representatives.iter().collect::<Vec<_>>())?;
            for group in groups {
                let representative = representatives.iter().find(|account| account.is_member_of(&group.id));
                let representative = representative.and_then(|account| keys.get(&account.id));
                let institution =
                    group.institution.as_ref().map(|institution| &self.institution_keys[&institution.id]);
                fixture.write(Kind::WorkingGroup, &self.group_keys[&group.id], |field| match field {
                    "name" => json!(group.name),
                    "institution" => json!(institution),
                    "representative" => json!(representative),
                    "n_employees" => json!(group.employees),
                    "field" => json!(group.research_field.id),
                    // `is_public` or `public`.
                    _ => json!(group.is_public),
                })?;
            }
        }
        Ok(())
    }

    fn write_join_requests(&self, fixture: &mut Fixture<'_>) -> Result<()> {
        for groups in self.groups.chunks(GROUPS) {
            let ids: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
            let requests = store::join_requests::list_by_groups(self.db, &ids)?;
            let ids: Vec<_> = requests.iter().map(|request| request.id.clone()).collect();
            let request_keys = self.request_keys.of(self.db, &ids)?;
            let accounts: Vec<_> = requests.iter().map(|request| request.account).collect();
            let accounts = store::accounts::list_by_ids(self.db, &accounts)?;
            let account_keys = self.account_keys.of(self.db, &accounts.iter().collect::<Vec<_>>())?;
            for request in &requests {
                let (user, group) = (&account_keys[&request.account], &self.group_keys[&request.group]);
                fixture.write(Kind::JoinRequest, &request_keys[&request.id], |field| {
                    request_value(request, user, group, field)
                })?;
            }
        }
        Ok(())
    }
}

fn status_value(ExportedAccount { account, .. }: &ExportedAccount, user: &Value, field: &str) -> Value {
    match field {
        "user" => user.clone(),
        "verified" => json!(account.verified_at.is_some()),
        "archived" => json!(account.archived_at.is_some()),
        _ => json!(account.secondary_email),
    }
}

fn request_value(request: &JoinRequest, user: &Value, group: &Value, field: &str) -> Value {
    match field {
        "user" => user.clone(),
        "working_group" => group.clone(),
        "timestamp" => json!(django_time(request.made_at)),
        _ => json!(match request.status {
            Status::Pending => "Pending",
            Status::Approved => "Approved",
            Status::Declined => "Declined",
        }),
    }
}

/// Returns the hash in Django's format: Argon2 has a prefix, and an account without password has a hash that nothing matches.
fn django_hash(exported: &ExportedAccount) -> String {
    // An activation would remove this password. A stranger may have chosen it, and Django cannot express that.
    let hash = exported.password_hash.as_ref().filter(|_| !exported.account.activation_ends_password);
    match hash {
        None => "!".to_owned(),
        Some(hash) if hash.starts_with("$argon2") => format!("argon2{hash}"),
        Some(hash) => hash.clone(),
    }
}

/// Formats a time as Django does: in milliseconds, or microseconds if it has any.
fn django_time(time: Timestamp) -> String {
    let micros = time.micros().rem_euclid(1_000_000);
    let system_time = time.to_system_time();
    if micros == 0 {
        humantime::format_rfc3339_seconds(system_time).to_string()
    } else if micros % 1000 == 0 {
        humantime::format_rfc3339_millis(system_time).to_string()
    } else {
        humantime::format_rfc3339_micros(system_time).to_string()
    }
}

/// Writes a list of objects, one per line.
struct Fixture<'a> {
    out: &'a mut dyn Write,
    models: &'a Models,
    exported: Exported,
}

impl Fixture<'_> {
    /// Writes an object, with the fields that its model has. Counts it as left out if the site has no model of this kind.
    fn write(&mut self, kind: Kind, key: &Value, value_of: impl Fn(&str) -> Value) -> Result<()> {
        let Some(model) = self.models.0.get(&kind) else {
            *self.exported.left_out.entry(kind).or_default() += 1;
            return Ok(());
        };
        let known = model.fields.iter().filter(|field| kind.known_fields().contains(&field.as_str()));
        let fields: Map<String, Value> = known.map(|field| (field.clone(), value_of(field))).collect();
        let object = json!({ "model": model.label, "pk": key, "fields": fields });
        let separator = if self.exported.objects.is_empty() { "" } else { "," };
        self.write_text(&format!("{separator}\n{object}"))?;
        match self.exported.objects.last_mut().filter(|(label, _)| *label == model.label) {
            Some((_, count)) => *count += 1,
            None => self.exported.objects.push((model.label.clone(), 1)),
        }
        Ok(())
    }

    fn write_text(&mut self, text: &str) -> Result<()> {
        Ok(self.out.write_all(text.as_bytes()).map_err(anyhow::Error::new)?)
    }
}
