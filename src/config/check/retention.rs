use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::Config;
use super::{CENTURY, DAY};

/// How long the server may be down without forgetting which audit entries to delete.
const LONGEST_PAUSE: Duration = Duration::from_hours(30 * 24);
const HOUR: Duration = Duration::from_hours(1);

pub(super) fn check(config: &Config) -> Result<()> {
    let retention = &config.retention;
    for (name, kept, least, in_words) in [
        ("unverified", retention.unverified, DAY, "1 day"),
        ("mails", retention.mails, HOUR, "1 hour"),
        ("audit_of_erased", retention.audit_of_erased, DAY, "1 day"),
        ("erased_accounts", retention.erased_accounts, DAY, "1 day"),
    ] {
        ensure!(
            (least..=CENTURY).contains(&kept),
            "retention.{name}: must be between \"{in_words}\" and 100 years"
        );
    }
    ensure!(
        retention.erased_accounts >= retention.audit_of_erased + LONGEST_PAUSE,
        "retention.erased_accounts: must be at least 30 days longer than retention.audit_of_erased, because the audit entries of \
         erased accounts are found by these ids, also after the server was down"
    );
    Ok(())
}
