//! The models of a Django site. They are recognized by their fields, because their names differ from site to site.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

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
        Self::VARIANTS.iter().copied().find(|kind| kind.signature().iter().all(has))
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

    /// The models of WePledge, with the names of django-graphql-auth.
    pub(super) fn of_wepledge() -> Self {
        let model = |kind: Kind, label: &str| {
            let fields = kind.known_fields().iter().filter(|field| **field != "public");
            let fields = fields.map(|field| (*field).to_owned()).collect();
            (kind, Model { label: label.to_owned(), fields, has_uuids: kind != Kind::ResearchField })
        };
        Self(BTreeMap::from([
            model(Kind::Institution, "emissions.institution"),
            model(Kind::ResearchField, "emissions.researchfield"),
            model(Kind::Status, "graphql_auth.userstatus"),
            model(Kind::User, "emissions.customuser"),
            model(Kind::WorkingGroup, "emissions.workinggroup"),
            model(Kind::JoinRequest, "emissions.workinggroupjoinrequest"),
        ]))
    }

    /// Returns the label of a model, such as `auth.user`.
    pub fn label(&self, kind: Kind) -> &str {
        self.0.get(&kind).map_or("", |model| &model.label)
    }
}
