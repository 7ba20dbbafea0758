//! The cluster of `cluster.sh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAMS: [&str; 4] =
    ["/usr/lib/postgresql/15/bin/postgres", "/usr/bin/patroni", "/usr/bin/etcd", "/usr/sbin/haproxy"];

/// A running cluster. It is stopped when dropped.
pub struct Patroni {
    folder: PathBuf,
    pub url: String,
}

/// Returns a program of the cluster that this machine does not have.
pub fn missing_program() -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| !Path::new(program).exists())
}

impl Patroni {
    pub fn start(folder: PathBuf) -> Result<Self, String> {
        let url = script(&folder, &["start"])?;
        Ok(Self { folder, url })
    }

    /// Returns the name of the killed node.
    pub fn kill_leader(&self) -> Result<String, String> {
        script(&self.folder, &["kill-leader"])
    }

    pub fn revive(&self, node: &str) -> Result<(), String> {
        script(&self.folder, &["revive", node]).map(drop)
    }

    pub fn wait_until_healthy(&self) -> Result<(), String> {
        script(&self.folder, &["wait-healthy", "180"]).map(drop)
    }

    /// Writes the rows to a file, for the person who looks for the reason of a violation.
    pub fn dump(&self, file: &Path) {
        let dumped = Command::new("pg_dump").arg("--file").arg(file).arg(&self.url).status();
        if !dumped.is_ok_and(|status| status.success()) {
            eprintln!("the database cannot be dumped");
        }
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        if let Err(error) = script(&self.folder, &["stop"]) {
            eprintln!("{error}");
        }
    }
}

fn script(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/cluster.sh");
    let mut command = Command::new(program);
    let output = command.arg(folder).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program} cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
