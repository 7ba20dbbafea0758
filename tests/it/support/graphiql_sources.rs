//! The sources of the GraphiQL bundle and a copy of them with the npm packages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder with the sources and the bundle.
pub const GRAPHIQL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/graphiql");
/// Files in that folder that are not part of the build.
const OTHER_FILES: [&str; 4] = [".gitignore", "README.md", "SHA256SUMS", "node_modules"];

/// Returns the names and contents of all files below a folder, without `OTHER_FILES`.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(&path).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name =
                path.strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
            if path.is_dir() && name != "node_modules" {
                waiting.push(path);
            } else if !OTHER_FILES.contains(&name.as_str()) {
                found.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// Whether this machine has a Node.js that `package.json` allows.
fn has_node() -> bool {
    let Ok(output) = Command::new("node").arg("--version").output() else { return false };
    let version = String::from_utf8_lossy(&output.stdout);
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    matches!(version, (20, 19..) | (22, 12..) | (23.., _))
}

pub fn npm(arguments: &[&str], folder: &Path) -> Result<(), String> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let run = Command::new(npm).args(arguments).current_dir(folder).output();
    let output = run.map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Returns a copy of the sources with the npm packages. Prints the reason if they cannot be installed.
pub fn copy_with_packages() -> Option<&'static Path> {
    static COPY: OnceLock<Result<PathBuf, &str>> = OnceLock::new();
    let copy = COPY.get_or_init(|| {
        if !has_node() {
            return Err("there is no Node.js of version 20.19, 22.12 or newer");
        }
        let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("graphiql");
        for folder in ["dist", "src", "stubs"] {
            let _ = fs::remove_dir_all(copy.join(folder));
        }
        for (name, content) in files(Path::new(GRAPHIQL)) {
            let path = copy.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        // Reuses the packages of an earlier run.
        let (lock, installed) = (copy.join("package-lock.json"), copy.join("installed.json"));
        if fs::read(&lock).ok() != fs::read(&installed).ok() {
            if npm(&["ping", "--fetch-retries=0", "--fetch-timeout=10000"], &copy).is_err() {
                return Err("there is no npm, or it cannot reach its registry");
            }
            npm(&["ci", "--no-audit", "--no-fund"], &copy).expect("the packages are installed");
            fs::copy(lock, installed).expect("a copy");
        }
        Ok(copy)
    });
    copy.as_ref().inspect_err(|reason| eprintln!("skipped: {reason}")).ok().map(PathBuf::as_path)
}
