//! The server that this program replaces: the Django project in `tests/django`.

mod python;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::api::Api;
use super::database::SECRET_KEY;
use super::program::{lines, next};
use super::server::{last_token, mails_in};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/django");

/// A site: a migrated database and a folder of mails.
pub struct DjangoSite {
    python: PathBuf,
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

/// A running site. It is stopped when dropped.
pub struct DjangoServing {
    process: Child,
    api: Api,
    log: Receiver<String>,
    mails: PathBuf,
}

impl DjangoSite {
    /// A site with an SQLite file. Returns `None` without Python or the packages of the site.
    pub fn empty() -> Option<Self> {
        Some(Self::new(python::interpreter()?, Vec::new()))
    }

    /// A site whose users have UUIDs as keys.
    pub fn with_uuid_keys() -> Option<Self> {
        Some(Self::new(python::interpreter()?, vec![("SITE_USER_KEY", "uuid".to_owned())]))
    }

    /// A site in an empty PostgreSQL database.
    pub fn on_postgres(url: String) -> Option<Self> {
        Some(Self::new(python::interpreter_with_postgres()?, vec![("SITE_POSTGRES", url)]))
    }

    fn new(python: PathBuf, mut variables: Vec<(&'static str, String)>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        variables.extend([
            ("SITE_DATA", folder.path().display().to_string()),
            ("SITE_SECRET_KEY", SECRET_KEY.to_owned()),
            ("SITE_PBKDF2_ITERATIONS", "1000".to_owned()),
        ]);
        let site = Self { python, folder, variables };
        site.manage(["migrate", "--verbosity", "0"]);
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn sqlite_file(&self) -> PathBuf {
        self.path("django.sqlite3")
    }

    /// Runs a command of `manage.py`, which must succeed. Returns standard output.
    pub fn manage<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let mut command = self.command();
        let output = command.arg("manage.py").args(arguments).output().expect("Python runs");
        let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
        assert!(output.status.success(), "{command:?}:\n{}", text(output.stderr));
        text(output.stdout)
    }

    /// Returns all records, as `dumpdata` without arguments writes them.
    pub fn dump(&self) -> String {
        self.manage(["dumpdata"])
    }

    /// Loads records that `dumpdata` wrote.
    pub fn load(&self, dump: &str) {
        let file = self.path("dump.json");
        std::fs::write(&file, dump).expect("a file in a temporary folder");
        // Each site has content types and permissions already, perhaps with other keys.
        let arguments = ["loaddata", "--exclude", "contenttypes", "--exclude", "auth.permission"];
        self.manage(arguments.map(OsStr::new).into_iter().chain([file.as_os_str()]));
    }

    /// Creates or changes records in the format of `tests/seed.json`, in a way that the API does not have.
    pub fn load_seed(&self, seed: &Value) {
        let file = self.path("seed.json");
        std::fs::write(&file, seed.to_string()).expect("a file in a temporary folder");
        self.manage([OsStr::new("load_seed"), file.as_os_str()]);
    }

    /// Starts the server on a free port.
    pub fn serve(&self) -> DjangoServing {
        let mut command = self.command();
        command.args(["-m", "gunicorn", "project.wsgi", "--bind", "127.0.0.1:0", "--graceful-timeout", "1"]);
        let mut process = command.stderr(Stdio::piped()).spawn().expect("Python runs");
        let log = lines(process.stderr.take().expect("a pipe"));
        let address = Regex::new(r"Listening at: (http://127\.0\.0\.1:\d+)").expect("a pattern");
        let endpoint = loop {
            let line = next(&log);
            if let Some(found) = address.captures(&line) {
                break format!("{}/graphql/", &found[1]);
            }
        };
        DjangoServing { process, api: Api { endpoint }, log, mails: self.path("mail") }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.current_dir(PROJECT).stdin(Stdio::null()).envs(self.variables.iter().cloned());
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1");
        command
    }
}

impl DjangoServing {
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Returns the token in the last mail to an address. Django sends mails before it replies.
    pub fn mailed_token(&self, address: &str) -> String {
        last_token(&mails_in(&self.mails), address)
    }
}

impl Drop for DjangoServing {
    fn drop(&mut self) {
        // If the first process of gunicorn is killed, its worker survives for a while. It may have ended already.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
        if std::thread::panicking() {
            self.log.try_iter().for_each(|line| eprintln!("{line}"));
        }
    }
}
