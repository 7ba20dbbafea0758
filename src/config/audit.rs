//! `[audit]`: what happened to whom.

use std::time::Duration;

use serde::Deserialize;

/// `[audit]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// For how long entries are kept.
    #[serde(with = "humantime_serde")]
    pub kept: Duration,
}
