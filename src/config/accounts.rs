use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub login_fields: Vec<LoginField>,
    pub login_with_secondary_email: bool,
    pub login_unverified: bool,
    pub register_required: Vec<RegisterField>,
    pub register_optional: Vec<RegisterField>,
    pub passwordless_registration: bool,
    pub update_fields: Vec<UpdateField>,
    pub delete: Deletion,
    pub users_visible_to: Audience,
    pub hide_existence: bool,
    pub registration: RegistrationMode,
    /// The hosts of addresses that may register, with [`RegistrationMode::Domains`]. An entry that begins with `*.` stands for
    /// all hosts below it.
    pub registration_domains: Vec<String>,
    pub terms: Terms,
}

/// The addresses that may register without an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RegistrationMode {
    Open,
    Invited,
    Domains,
}

/// A text to agree to at registration. Both settings are set or none is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub url: Option<String>,
    pub version: Option<String>,
}

impl Terms {
    pub fn are_set(&self) -> bool {
        self.version.is_some()
    }
}

/// An argument of `tokenAuth` that names the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LoginField {
    Email,
    Username,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisterField {
    Email,
    Username,
    FirstName,
    LastName,
    AcademicTitle,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateField {
    FirstName,
    LastName,
    AcademicTitle,
}

/// What `deleteAccount` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletion {
    Erase,
    Deactivate,
}

/// The viewers who may list other accounts. With `Public`, anonymous clients may as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Staff,
    Verified,
    Public,
}
