//! Reads a site into a temporary database. Invalid values are faults. Values that only this program cannot store are
//! conflicts: they are left out, and recorded.

use std::collections::BTreeSet;
use std::io::Read;

use anyhow::{Context as _, Result, bail};

use super::entry::{Entry, Faults};
use super::models::{Kind, Models};
use super::source::{Contents, Object, Source, read_json};
use crate::accounts::validation;
use crate::clock::Timestamp;
use crate::config::Config;
use crate::django::email_validator;
use crate::store::institutions::{Institution, ResearchField};
use crate::store::join_requests::Status;
use crate::store::staging::{ConflictKind, SiteGroup, SiteRequest, SiteStatus, SiteUser, Staging};
use crate::tokens::refresh;
use crate::{email, passwords};

/// Why rows cannot be added to the temporary database.
const NO_SPACE: &str =
    "the temporary database cannot be written; set SQLITE_TMPDIR to a folder with more space";

// The most characters in Django, per field.
const INSTITUTION: usize = 200;
const PLACE: usize = 100;
const RESEARCH_FIELD: usize = 100;
const PASSWORD: usize = 255;
const TOKEN: usize = 255;
/// The most characters of other fields, which are checked otherwise.
const TEXT: usize = 255;

/// A site in a temporary database.
pub struct Staged {
    pub(super) staging: Staging,
    pub models: Models,
    /// The numbers of objects of models that an import does not read, by label or table.
    pub(super) others: Vec<(String, u64)>,
    /// The fields that an import does not read, such as `people.customuser.phone`.
    pub(super) other_fields: Vec<String>,
    /// The number of users with groups or permissions of Django's.
    pub(super) users_with_permissions: u64,
    /// The number of refresh tokens, also of those that have expired or are revoked.
    pub(super) tokens: u64,
}

/// Reads a site. Calls `progress` with the number of objects so far.
pub fn stage(
    config: &Config,
    now: Timestamp,
    source: &Source,
    progress: &dyn Fn(u64),
) -> Result<Result<Staged, Faults>> {
    let mut stage = Stage::new(config, now)?;
    let mut done = 0;
    let contents = source.for_each_object(&mut |object| {
        done += 1;
        progress(done);
        stage.add(&object).context(NO_SPACE)
    })?;
    stage.finish(contents)
}

/// Reads the JSON of a dump.
pub fn stage_dump(config: &Config, now: Timestamp, json: impl Read) -> Result<Result<Staged, Faults>> {
    let mut stage = Stage::new(config, now)?;
    let contents = read_json(json, "the dump", &mut |object| stage.add(&object))?;
    stage.finish(contents)
}

struct Stage {
    staging: Staging,
    faults: Faults,
    users_with_permissions: u64,
    tokens: u64,
    now: Timestamp,
    /// Refresh tokens that were created before have expired.
    oldest_live_token: Timestamp,
}

impl Stage {
    fn new(config: &Config, now: Timestamp) -> Result<Self> {
        let lifetime = config.tokens.refresh_lifetime.min(config.tokens.session_lifetime);
        Ok(Self {
            staging: Staging::create()?,
            faults: Faults::default(),
            users_with_permissions: 0,
            tokens: 0,
            now,
            oldest_live_token: now.minus(lifetime),
        })
    }

    fn finish(self, contents: Contents) -> Result<Result<Staged, Faults>> {
        let models = &contents.models.0;
        let Some(users) = models.get(&Kind::User) else {
            bail!("the site contains no users: no model has the fields password, last_login and email");
        };
        let has_members = users.fields.iter().any(|field| field == "working_group");
        if models.contains_key(&Kind::WorkingGroup) && !has_members {
            bail!(
                "{} has no field working_group, so the members of working groups are not known",
                users.label
            );
        }
        if self.faults.count > 0 {
            return Ok(Err(self.faults));
        }
        self.staging.create_indexes().context(NO_SPACE)?;
        Ok(Ok(Staged {
            staging: self.staging,
            other_fields: unknown_fields(&contents.models).into_iter().collect(),
            models: contents.models,
            others: contents.others.into_iter().collect(),
            users_with_permissions: self.users_with_permissions,
            tokens: self.tokens,
        }))
    }

    fn add(&mut self, object: &Object) -> Result<()> {
        let name = format!("{} {}", object.label, object.key);
        let mut entry = Entry { name, fields: &object.fields, faults: &mut self.faults };
        let is_new = match object.kind {
            Kind::Institution => add_institution(&self.staging, &object.key, &mut entry)?,
            Kind::ResearchField => add_research_field(&self.staging, &object.key, &mut entry)?,
            Kind::Status => add_status(&self.staging, &mut entry)?,
            Kind::User => {
                let has_permissions = ["groups", "user_permissions"].iter().any(|field| {
                    object
                        .fields
                        .get(*field)
                        .and_then(|list| list.as_array())
                        .is_some_and(|list| !list.is_empty())
                });
                self.users_with_permissions += u64::from(has_permissions);
                add_user(&self.staging, &object.key, self.now, &mut entry)?
            }
            Kind::WorkingGroup => add_group(&self.staging, &object.key, &mut entry)?,
            Kind::JoinRequest => add_request(&self.staging, &object.key, &mut entry)?,
            Kind::RefreshToken => {
                self.tokens += 1;
                add_token(&self.staging, self.oldest_live_token, &mut entry)?
            }
        };
        if !is_new {
            entry.reject("", "It occurs twice.");
        }
        Ok(())
    }
}

fn unknown_fields(models: &Models) -> BTreeSet<String> {
    let unknown = models.0.iter().flat_map(|(kind, model)| {
        let fields = model.fields.iter().filter(|field| !kind.known_fields().contains(&field.as_str()));
        fields.map(|field| format!("{}.{field}", model.label))
    });
    unknown.collect()
}

fn add_user(staging: &Staging, key: &str, now: Timestamp, entry: &mut Entry<'_>) -> Result<bool> {
    let address = entry.string("email", TEXT);
    let is_valid =
        email_validator::is_valid(&address) && address.chars().count() <= validation::EMAIL_OF_ACCOUNT;
    if !is_valid {
        staging.add_conflict(ConflictKind::AddressInvalid, key, Some(&address))?;
    }
    let mut title = entry.string("academic_title", TEXT);
    if !title.is_empty() && !validation::TITLES.contains(&title.as_str()) {
        staging.add_conflict(ConflictKind::TitleUnknown, key, Some(&title))?;
        title.clear();
    }
    entry.require("password");
    let hash = entry.string("password", PASSWORD);
    let problem = passwords::problem_with(&hash);
    if let Some(problem) = &problem {
        staging.add_conflict(ConflictKind::PasswordUnsupported, key, Some(problem))?;
    }
    let has_password = problem.is_none() && !hash.is_empty() && !hash.starts_with('!');
    let username = entry.has("username").then(|| entry.string("username", validation::IMPORTED_NAME));
    let email_key = email::key(&address);
    let (first_name, last_name) = (
        entry.string("first_name", validation::IMPORTED_NAME),
        entry.string("last_name", validation::IMPORTED_NAME),
    );
    let group_key = entry.reference("working_group");
    let is_representative = entry.has("is_representative").then(|| entry.flag("is_representative", false));
    staging.add_user(&SiteUser {
        key,
        email: &address,
        email_key: &email_key,
        username: username.as_deref(),
        first_name: &first_name,
        last_name: &last_name,
        academic_title: &title,
        password_hash: has_password.then_some(&hash),
        is_active: entry.flag("is_active", true),
        is_staff: entry.flag("is_staff", false),
        is_superuser: entry.flag("is_superuser", false),
        joined_at: entry.time("date_joined").unwrap_or(now),
        last_login_at: entry.time("last_login"),
        group_key: group_key.as_deref(),
        is_representative,
    })
}

fn add_status(staging: &Staging, entry: &mut Entry<'_>) -> Result<bool> {
    let user_key = entry.required_reference("user");
    let secondary = entry.string("secondary_email", TEXT);
    let is_valid = email_validator::is_valid(&secondary) && secondary.chars().count() <= validation::EMAIL;
    if !is_valid && !secondary.is_empty() {
        staging.add_conflict(ConflictKind::SecondaryInvalid, &user_key, Some(&secondary))?;
    }
    let key = email::key(&secondary);
    staging.add_status(&SiteStatus {
        user_key: &user_key,
        verified: entry.flag("verified", false),
        archived: entry.flag("archived", false),
        secondary_email: is_valid.then_some((&secondary, &key)),
    })
}

fn add_institution(staging: &Staging, key: &str, entry: &mut Entry<'_>) -> Result<bool> {
    staging.add_institution(&Institution {
        id: key.to_owned(),
        name: entry.name("name", INSTITUTION),
        city: entry.name("city", PLACE),
        state: entry.optional_string("state", PLACE),
        country: entry.name("country", PLACE),
    })
}

fn add_research_field(staging: &Staging, key: &str, entry: &mut Entry<'_>) -> Result<bool> {
    let id = key.parse().ok().filter(|id| (1..=i64::from(i32::MAX)).contains(id));
    if id.is_none() {
        entry.reject("", format_args!("Its primary key must be an integer from 1 to {}.", i32::MAX));
    }
    let (field, subfield) = (entry.name("field", RESEARCH_FIELD), entry.name("subfield", RESEARCH_FIELD));
    id.map_or(Ok(true), |id| staging.add_research_field(&ResearchField { id, field, subfield }))
}

fn add_group(staging: &Staging, key: &str, entry: &mut Entry<'_>) -> Result<bool> {
    let name = entry.name("name", validation::GROUP_NAME);
    let (institution, representative) = (entry.reference("institution"), entry.reference("representative"));
    entry.require("field");
    // Earlier versions of WePledge had the second name.
    let is_public = if entry.has("is_public") { "is_public" } else { "public" };
    let new = SiteGroup {
        key,
        name: &name,
        institution_key: institution.as_deref(),
        research_field: entry.integer("field").unwrap_or_default(),
        representative_key: representative.as_deref(),
        employees: entry.integer("n_employees"),
        is_public: entry.flag(is_public, false),
    };
    staging.add_group(&new)
}

fn add_request(staging: &Staging, key: &str, entry: &mut Entry<'_>) -> Result<bool> {
    let (user_key, group_key) = (entry.required_reference("user"), entry.required_reference("working_group"));
    entry.require("timestamp");
    let status = entry.string("status", TEXT).to_lowercase().parse();
    if status.is_err() {
        entry.reject("status", "It must be Pending, Approved or Declined.");
    }
    staging.add_request(&SiteRequest {
        key,
        user_key: &user_key,
        group_key: &group_key,
        made_at: entry.time("timestamp").unwrap_or(Timestamp::from_micros(0)),
        status: status.unwrap_or(Status::Pending),
    })
}

fn add_token(staging: &Staging, oldest_live: Timestamp, entry: &mut Entry<'_>) -> Result<bool> {
    let user_key = entry.required_reference("user");
    entry.require("token");
    entry.require("created");
    let hash = refresh::hash(entry.string("token", TOKEN));
    let (created, revoked) = (entry.time("created"), entry.time("revoked"));
    let created = created.unwrap_or(Timestamp::from_micros(0));
    if revoked.is_none() && created >= oldest_live {
        staging.add_token(&hash, &user_key, created)?;
    }
    Ok(true)
}
