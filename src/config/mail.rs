use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub transport: Transport,
    pub from: String,
    pub(super) directory: Option<PathBuf>,
    pub smtp_url: Option<SecretString>,
    pub smtp_ca_file: Option<PathBuf>,
    pub connections: usize,
    // Whether changes are reported to owners, and whether `register` mails links for activation and a first password.
    pub notices: bool,
    pub activation: bool,
    pub password_set: bool,
    pub templates: Option<PathBuf>,
    pub variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Console,
    File,
    Smtp,
}
