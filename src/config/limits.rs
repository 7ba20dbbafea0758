use std::time::Duration;

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub enabled: bool,
    pub password: Limit,
    pub password_per_client: Limit,
    pub password_per_account: Limit,
    pub second_factor: Limit,
    pub registration: Limit,
    pub mail_per_address: Limit,
    pub mail_per_client: Limit,
    pub token: Limit,
    pub change: Limit,
    pub export: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The number of attempts that need not wait.
    pub free: u32,
    /// The time after which one attempt is forgotten.
    #[serde(with = "humantime_serde")]
    pub forget: Duration,
    /// The first wait. Each further wait is twice as long.
    #[serde(with = "humantime_serde")]
    pub pause: Duration,
    #[serde(with = "humantime_serde")]
    pub longest: Duration,
}

impl Limits {
    pub(super) fn by_name(&self) -> [(&'static str, &Limit); 10] {
        [
            ("password", &self.password),
            ("password_per_client", &self.password_per_client),
            ("password_per_account", &self.password_per_account),
            ("second_factor", &self.second_factor),
            ("registration", &self.registration),
            ("mail_per_address", &self.mail_per_address),
            ("mail_per_client", &self.mail_per_client),
            ("token", &self.token),
            ("change", &self.change),
            ("export", &self.export),
        ]
    }
}
