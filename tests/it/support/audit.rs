//! What the audit recorded.

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::store::{self, audit::Entry};

use super::server::TestServer;

impl TestServer {
    /// Returns all entries, oldest first.
    pub fn audit(&self) -> Vec<Entry> {
        let start = (Timestamp::from_micros(0), 0);
        self.run(|app| app.store.read(|db| store::audit::list(db, start, 10_000))).expect("entries")
    }

    /// Returns all entries as lines: account, event, actor and detail.
    pub fn audit_lines(&self) -> Vec<String> {
        self.audit().iter().map(audit_line).collect()
    }
}

pub fn audit_line(entry: &Entry) -> String {
    let account = entry.account.map_or("nobody".to_owned(), |id| id.to_string());
    let actor = entry.actor.account().map_or(entry.actor.into_str().to_owned(), |id| id.to_string());
    let words = [account, entry.event.clone(), actor, entry.detail.clone().unwrap_or_default()];
    words.join(" ").trim_end().to_owned()
}
