//! The models of a Django site. They are recognized by their fields, because their names differ from site to site.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use crate::store::Reader;
use crate::store::properties::{self, Property};

/// What a model contains.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::VariantArray,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    Institution,
    ResearchField,
    Status,
    User,
    WorkingGroup,
    JoinRequest,
    RefreshToken,
}

impl Kind {
    /// Returns the fields by which models of this kind are recognized.
    fn signature(self) -> &'static [&'static str] {
        match self {
            Self::Institution => &["name", "city", "country"],
            Self::ResearchField => &["field", "subfield"],
            Self::Status => &["user", "verified", "archived", "secondary_email"],
            Self::User => &["password", "last_login", "email"],
            Self::WorkingGroup => &["name", "institution", "representative", "field"],
            Self::JoinRequest => &["user", "working_group", "timestamp", "status"],
            Self::RefreshToken => &["user", "token", "created", "revoked"],
        }
    }

    fn of(fields: &[String]) -> Option<Self> {
        let has = |name: &&str| fields.iter().any(|field| field == name);
        let kind = Self::VARIANTS.iter().copied().find(|kind| kind.signature().iter().all(has))?;
        // The tokens of django-oauth-toolkit, which give an application limited access.
        let is_oauth = kind == Self::RefreshToken && has(&"application");
        (!is_oauth).then_some(kind)
    }

    /// Whether the keys are UUIDs in WePledge at its last version.
    pub(super) fn has_uuids(self) -> bool {
        !matches!(self, Self::ResearchField | Self::Status | Self::RefreshToken)
    }

    /// Returns the fields that an import reads and an export writes.
    pub(super) fn known_fields(self) -> &'static [&'static str] {
        match self {
            Self::Institution => &["name", "city", "state", "country"],
            Self::ResearchField => &["field", "subfield"],
            Self::Status => &["user", "verified", "archived", "secondary_email"],
            Self::User => &[
                "password",
                "last_login",
                "is_superuser",
                "is_staff",
                "is_active",
                "date_joined",
                "email",
                "username",
                "first_name",
                "last_name",
                "academic_title",
                "working_group",
                "is_representative",
                "groups",
                "user_permissions",
            ],
            Self::WorkingGroup => {
                &["name", "institution", "representative", "n_employees", "field", "is_public", "public"]
            }
            Self::JoinRequest => &["user", "working_group", "timestamp", "status"],
            Self::RefreshToken => &["user", "token", "created", "revoked"],
        }
    }
}

/// A model of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Such as `auth.user`.
    pub label: String,
    /// The fields, without the primary key.
    pub fields: Vec<String>,
    /// Whether primary keys are UUIDs, and not integers.
    pub has_uuids: bool,
}

/// The models that an import reads, by kind. They are stored with the imported data, so that an export can write the same
/// ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Models(pub BTreeMap<Kind, Model>);

/// Returns a model of WePledge at its last version, in an app.
fn default_model(kind: Kind, app: &str) -> (Kind, Model) {
    let label = match kind {
        Kind::Institution => format!("{app}.institution"),
        Kind::ResearchField => format!("{app}.researchfield"),
        Kind::Status => "graphql_auth.userstatus".to_owned(),
        Kind::User => format!("{app}.customuser"),
        Kind::WorkingGroup => format!("{app}.workinggroup"),
        Kind::JoinRequest => format!("{app}.workinggroupjoinrequest"),
        Kind::RefreshToken => "refresh_token.refreshtoken".to_owned(),
    };
    let fields = kind.known_fields().iter().filter(|field| **field != "public");
    let fields = fields.map(|field| (*field).to_owned()).collect();
    (kind, Model { label, fields, has_uuids: kind.has_uuids() })
}

impl Models {
    /// Returns the kind of a model, and remembers the model. `None` if the import does not read it.
    pub(super) fn recognize(
        &mut self,
        label: &str,
        fields: Vec<String>,
        has_uuids: bool,
    ) -> Result<Option<Kind>> {
        let Some(kind) = Kind::of(&fields) else { return Ok(None) };
        let model = Model { label: label.to_owned(), fields, has_uuids };
        if let Some(other) = self.0.insert(kind, model).filter(|other| other.label != label) {
            bail!(
                "both {} and {label} have the fields {}; leave one of them out, with a dump that names the other models",
                other.label,
                kind.signature().join(", ")
            );
        }
        Ok(Some(kind))
    }

    /// Returns the models of the site that was imported last.
    pub(super) fn find(db: &Reader<'_>) -> Result<Option<Self>> {
        let json = properties::find(db, Property::DjangoModels)?;
        Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
    }

    /// The models of WePledge, with the names of django-graphql-auth.
    pub(super) fn of_wepledge() -> Self {
        let mut models = Self(BTreeMap::from([default_model(Kind::User, "emissions")]));
        models.add_missing();
        models
    }

    /// Adds the models of WePledge that a site has if its users have working groups. A dump without objects of a model does not
    /// show that model.
    pub(super) fn add_missing(&mut self) {
        let mut kinds = vec![Kind::Status];
        let Some(users) = self.0.get(&Kind::User) else { return };
        if users.fields.iter().any(|field| field == "working_group") {
            kinds.extend([Kind::Institution, Kind::ResearchField, Kind::WorkingGroup, Kind::JoinRequest]);
        }
        let app = users.label.split('.').next().unwrap_or_default().to_owned();
        for kind in kinds {
            let (kind, model) = default_model(kind, &app);
            self.0.entry(kind).or_insert(model);
        }
    }

    /// Returns the label of a model, such as `auth.user`.
    pub fn label(&self, kind: Kind) -> &str {
        self.0.get(&kind).map_or("", |model| &model.label)
    }
}
