//! Import files: a valid file is imported or refused with a message.

use std::collections::HashSet;
use std::sync::OnceLock;

use pledge4future_auth::app::App;
use pledge4future_auth::clock::Clock;
use pledge4future_auth::django::email_validator::is_valid;
use pledge4future_auth::email;
use pledge4future_auth::error::Error;
use pledge4future_auth::random::Random;
use pledge4future_auth::transfer::{file, import as importing};
use pledge4future_auth::{clock::Timestamp, config};
use serde_json::Value;
use tempfile::TempDir;

use super::reveals;

/// Imports a file.
pub fn import(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = match file::parse(text) {
        Ok(file) => file,
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in &faults {
                assert!(!fault.path.is_empty() && !fault.problem.is_empty(), "{fault:?}");
                let sentence = format!("{} {}", fault.path, fault.problem);
                assert!(!sentence.chars().any(char::is_control), "{fault:?}");
            }
            let shown = hashes(text).into_iter().find(|hash| reveals(text, hash, told));
            assert_eq!(shown, None, "{faults:?}");
            return;
        }
    };
    let mut addresses = HashSet::new();
    for user in &file.users {
        for address in [Some(&user.email), user.secondary_email.as_ref()].into_iter().flatten() {
            assert!(is_valid(address), "{address:?}");
            assert!(addresses.insert(email::key(address)), "{address:?} twice");
        }
        assert!(!user.username.is_empty());
    }
    let ids: HashSet<&str> = file.groups.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(ids.len(), file.groups.len(), "two groups of one id");
    match importing::import(app(), &file, true, &|_| {}) {
        Ok(report) => {
            let tallies = [report.institutions, report.research_fields, report.accounts, report.groups];
            let counted: usize = tallies.iter().map(|tally| tally.changed + tally.kept).sum();
            assert!(counted <= file.len(), "{counted} of {}", file.len());
        }
        Err(Error::Internal(error)) => panic!("{error:?}"),
        Err(_) => {}
    }
}

/// An application with an empty database. A dry run does not change it.
fn app() -> &'static App {
    static SITE: OnceLock<(App, TempDir)> = OnceLock::new();
    let (app, _) = SITE.get_or_init(|| {
        let folder = super::graphql::folder();
        let settings = format!(
            "data_dir = {:?}\npasswords.memory = \"8 KiB\"\npasswords.iterations = 1\nmail.transport = \"file\"\n",
            folder.path()
        );
        let config = config::load_text(&settings).expect("good settings").config;
        let now = Timestamp::from_seconds(1_772_366_400);
        let app = App::open(config, Clock::manual(now), Random::seeded(7)).expect("an application");
        app.store.migrate().expect("a database");
        (app, folder)
    });
    app
}

/// Returns the messages about a file with faults.
fn told(text: &str) -> String {
    file::parse(text).err().map(|faults| format!("{faults:?}")).unwrap_or_default()
}

/// Returns the secret parts of hashes in a file with faults.
fn hashes(text: &str) -> Vec<String> {
    let Ok(file) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let users = file["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    let digest = |user: &Value| user["password"].as_str()?.rsplit('$').next().map(str::to_owned);
    users.iter().filter_map(digest).collect()
}
