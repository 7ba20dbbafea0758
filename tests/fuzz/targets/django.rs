//! Dumps of Django: a dump is refused with a message, or its accounts and groups are imported, and exported as they were.

use std::path::PathBuf;
use std::sync::OnceLock;

use pledge4future_auth::app::App;
use pledge4future_auth::clock::{Clock, Timestamp};
use pledge4future_auth::config;
use pledge4future_auth::error::Error;
use pledge4future_auth::random::Random;
use pledge4future_auth::store::backup;
use pledge4future_auth::transfer::django::{self, OnConflict, export};
use tempfile::TempDir;

/// Why a dump is not imported.
#[derive(Debug)]
pub enum Refusal {
    /// The input is not a dump, or contains invalid values.
    Invalid(Vec<String>),
    Conflicts(Vec<String>),
}

/// An application with a database of its own.
pub struct Site {
    pub app: App,
    _folder: TempDir,
}

/// Imports a dump with each way to resolve conflicts.
pub fn django(data: &[u8]) {
    for on_conflict in [OnConflict::Fail, OnConflict::Skip, OnConflict::Rename] {
        let site = Site::empty();
        match site.import(data, on_conflict) {
            Ok(()) => assert_is_stable(&site),
            Err(Refusal::Invalid(messages)) => {
                assert!(!messages.is_empty());
                // The values do not depend on what is done with conflicts.
                return;
            }
            Err(Refusal::Conflicts(messages)) => {
                assert!(!messages.is_empty());
                assert!(messages.iter().all(|message| !message.is_empty()));
            }
        }
    }
}

/// Asserts that the export of a site can be imported without conflicts, and is the same again.
fn assert_is_stable(site: &Site) {
    // Django cannot load a group without a representative, which may be a resolution. A dump without users is refused.
    let Some(exported) = site.export().filter(|json| json.contains("\"last_login\":")) else { return };
    let again = Site::empty();
    if let Err(refusal) = again.import(exported.as_bytes(), OnConflict::Fail) {
        panic!("{refusal:?} in {exported}");
    }
    assert_eq!(again.export().as_deref(), Some(exported.as_str()));
}

impl Site {
    pub fn empty() -> Self {
        let folder = super::graphql::folder();
        backup::copy(&template(), &folder.path().join("auth.sqlite3")).expect("a database");
        let app = open(&folder);
        Self { app, _folder: folder }
    }

    pub fn import(&self, dump: &[u8], on_conflict: OnConflict) -> Result<(), Refusal> {
        let staged = match django::stage_dump(&self.app.config, self.app.clock.now(), dump) {
            Err(error) => return Err(Refusal::Invalid(vec![error.to_string()])),
            Ok(Err(faults)) => return Err(Refusal::Invalid(faults.listed)),
            Ok(Ok(staged)) => staged,
        };
        let report = django::check(&self.app, &staged, on_conflict).unwrap_or_else(unexpected);
        let describe = |conflicts: &django::report::ConflictsOfKind| -> Vec<String> {
            conflicts.listed.iter().map(|found| conflicts.describe(&staged.models, found)).collect()
        };
        let conflicts: Vec<String> = report.conflicts.iter().flat_map(describe).collect();
        if !conflicts.is_empty() && on_conflict == OnConflict::Fail {
            return Err(Refusal::Conflicts(conflicts));
        }
        match django::import(&self.app, &staged, false, &|_| {}) {
            Ok(_) => Ok(()),
            // Another username is taken after it was changed.
            Err(Error::BadRequest(sentence)) => Err(Refusal::Conflicts(vec![sentence.into_owned()])),
            Err(error) => unexpected(error),
        }
    }

    /// Returns `None` if Django could not load the export.
    pub fn export(&self) -> Option<String> {
        let mut json = Vec::new();
        match export::export(&self.app, &mut json) {
            Ok(_) => Some(String::from_utf8(json).expect("UTF-8")),
            Err(Error::BadRequest(_)) => None,
            Err(error) => unexpected(error),
        }
    }
}

fn unexpected<T>(error: Error) -> T {
    match error {
        Error::Internal(error) => panic!("{error:?}"),
        Error::BadRequest(sentence) => panic!("{sentence}"),
        _ => panic!("an unexpected error"),
    }
}

/// Returns an empty database, because migrations take longer than imports.
fn template() -> PathBuf {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let folder = TEMPLATE.get_or_init(|| {
        let folder = super::graphql::folder();
        open(&folder).store.migrate().expect("a database");
        folder
    });
    folder.path().join("auth.sqlite3")
}

fn open(folder: &TempDir) -> App {
    let settings = format!(
        "data_dir = {:?}\npasswords.memory = \"8 KiB\"\npasswords.iterations = 1\npasswords.hashing_threads = 1\n\
         mail.transport = \"file\"\n",
        folder.path()
    );
    let config = config::load_text(&settings).expect("good settings").config;
    let now = Timestamp::from_seconds(1_772_366_400);
    App::open(config, Clock::manual(now), Random::seeded(7)).expect("an application")
}
