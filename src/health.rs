//! Whether the server can do its work.

use std::time::Duration;

use crate::accounts::Result;
use crate::app::App;
use crate::store::{self, Writer};

/// A mail that was tried and has waited longer than this is stuck.
const STUCK: Duration = Duration::from_secs(3600);

/// What keeps the server from its work, each in a sentence; none if all is well.
///
/// # Errors
/// Only internal ones.
pub fn problems(app: &App) -> Result<Vec<&'static str>> {
    let mut problems = Vec::new();
    if !app.store.pending_migrations()?.is_empty() {
        problems.push("the database is not up to date; run `migrate`");
    }
    if app.store.write(|_: &Writer<'_>| Ok::<_, store::Error>(())).is_err() {
        problems.push("the database cannot be written");
    }
    let long_ago = app.clock.now().minus(STUCK);
    if app.store.read(|db| store::outbox::has_failed_since_before(db, long_ago))? {
        problems.push("mail waits for more than an hour; `mail list` shows why");
    }
    Ok(problems)
}
