//! Puts GraphiQL into the program. The bundle is made by npm where it is missing or older than its sources; where
//! that cannot be done, a small page of our own takes its place, so that the program builds wherever Rust does.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the bundle is made of, in `assets/graphiql`.
const SOURCES: [&str; 7] =
    ["index.html", "package-lock.json", "package.json", "plain", "src", "stubs", "vite.config.js"];
/// In the bundle: the SHA-256 of what it was made of.
const STAMP: &str = ".sources";

fn main() -> Result<()> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("assets/graphiql");
    println!("cargo:rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo:rerun-if-changed={}", folder.join(source).display());
    }
    let page = match bundle(&folder) {
        Ok(bundle) => {
            println!("cargo:rerun-if-changed={}", bundle.join(STAMP).display());
            bundle
        }
        Err(error) => {
            println!(
                "cargo:warning=GraphiQL is not bundled ({error}); a small page takes its place. It needs Node.js 20.19 \
                 or newer with npm, and the npm registry."
            );
            folder.join("plain")
        }
    };
    let target = PathBuf::from(std::env::var("OUT_DIR")?).join("graphiql");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    // A list of names and contents, for `src/http/graphiql.rs`.
    let mut list = String::from("[\n");
    for file in files(&page)? {
        let name = file.strip_prefix(&page)?;
        let compressed = target.join(name);
        compress(&file, &compressed)?;
        let name = name.to_string_lossy().replace('\\', "/");
        list.push_str(&format!("({name:?}, include_bytes!({compressed:?}).as_slice()),\n"));
    }
    fs::write(target.with_extension("rs"), list + "]\n")?;
    Ok(())
}

/// The folder of the bundle, which is made if need be.
fn bundle(folder: &Path) -> Result<PathBuf> {
    let (bundle, sources) = (folder.join("dist"), digest(folder)?);
    let stamp = bundle.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == sources) {
        return Ok(bundle);
    }
    // Where the registry cannot be reached, nobody should have to wait long to be told.
    npm(folder, &["ci", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"])?;
    npm(folder, &["run", "build"])?;
    fs::write(stamp, sources)?;
    Ok(bundle)
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<()> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let run = Command::new(npm).args(arguments).current_dir(folder).output();
    let output = run.map_err(|error| format!("npm cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaints = String::from_utf8_lossy(&output.stderr);
    let first = complaints.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
    Err(format!("npm {}: {first}", arguments[0]).into())
}

fn digest(folder: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    for source in SOURCES {
        for file in files(&folder.join(source))? {
            digest.update(file.strip_prefix(folder)?.to_string_lossy().as_bytes());
            digest.update(fs::read(&file)?);
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// All files at a path, in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    entries.sort();
    entries.retain(|entry| entry.file_name() != Some(OsStr::new(STAMP)));
    let below = entries.iter().map(|entry| files(entry)).collect::<Result<Vec<_>>>()?;
    Ok(below.concat())
}

fn compress(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut encoder = GzEncoder::new(fs::File::create(to)?, Compression::best());
    encoder.write_all(&fs::read(from)?)?;
    encoder.finish()?;
    Ok(())
}
