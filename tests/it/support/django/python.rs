//! A Python that runs the Django project, with its packages in a folder that all tests share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::PROJECT;

/// Returns an interpreter with the packages of the project. Prints why there is none.
pub fn interpreter() -> Option<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    or_skipped(FOUND.get_or_init(|| prepare(&["requirements.txt"])))
}

/// Returns an interpreter that can also connect to PostgreSQL.
pub fn interpreter_with_postgres() -> Option<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    or_skipped(FOUND.get_or_init(|| prepare(&["requirements.txt", "requirements-postgres.txt"])))
}

fn or_skipped(found: &Result<PathBuf, String>) -> Option<PathBuf> {
    found.clone().inspect_err(|reason| eprintln!("skipped: {reason}")).ok()
}

/// Installs what is missing. The lock is for tests in other processes, and for the other list of packages.
fn prepare(lists: &[&str]) -> Result<PathBuf, String> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(cache.join("django.lock")).expect("a file in the target folder");
    lock.lock().expect("a lock");
    let environment = cache.join("django");
    let interpreter = environment.join("bin/python");
    for list in lists {
        let wanted = fs::read_to_string(Path::new(PROJECT).join(list)).expect("a list of packages");
        let installed = environment.join(list);
        if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) {
            continue;
        }
        if list == &lists[0] {
            create(&environment)?;
        }
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "-r"]);
        run(pip.arg(list).current_dir(PROJECT))?;
        fs::write(installed, wanted).expect("a file in the target folder");
    }
    Ok(interpreter)
}

fn create(environment: &Path) -> Result<(), String> {
    let python = find().ok_or("Django 3.1 needs Python 3.8 or 3.9 with venv, for example from pyenv")?;
    // It may be the rest of an installation that did not end.
    let _ = fs::remove_dir_all(environment);
    run(Command::new(python).args(["-m", "venv"]).arg(environment))
}

fn find() -> Option<PathBuf> {
    let names = ["python3.9", "python3.8"].map(PathBuf::from).into_iter();
    let versions = std::env::home_dir().map(|home| home.join(".pyenv/versions"));
    let versions = versions.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path()).collect();
    versions.sort();
    let fits = |version: &PathBuf| {
        let name = version.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("3.8.") || name.starts_with("3.9.")
    };
    let versions = versions.into_iter().rev().filter(fits).map(|version| version.join("bin/python"));
    // A shim of pyenv exists for versions that are not selected, and fails.
    names.chain(versions).find(|python| {
        let asked = Command::new(python)
            .args(["-c", "import ensurepip, venv"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        asked.is_ok_and(|status| status.success())
    })
}

/// Runs a command that installs. Returns the last line of its output if it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().expect("Python runs");
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    let last = text.trim_end().lines().next_back().unwrap_or_default().to_owned();
    Err(format!("the packages of Django could not be installed ({last})"))
}
