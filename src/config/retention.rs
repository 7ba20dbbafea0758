use std::time::Duration;

use serde::Deserialize;

/// How long personal data are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    #[serde(with = "humantime_serde")]
    pub unverified: Duration,
    #[serde(with = "humantime_serde")]
    pub mails: Duration,
    #[serde(with = "humantime_serde")]
    pub audit_of_erased: Duration,
    #[serde(with = "humantime_serde")]
    pub erased_accounts: Duration,
}
