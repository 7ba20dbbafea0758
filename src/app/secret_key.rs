//! The secret key that signs tokens, from the settings or from its file.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use secrecy::{ExposeSecret as _, SecretString};

use super::App;
use crate::config::Config;
use crate::private_files;
use crate::random::Random;
use crate::store::Store;
use crate::store::properties::{self, Property};
use crate::tokens::SigningKey;

/// Returns the key from the settings or its file, or creates the default file with a random key.
pub(super) fn load_or_create(config: &Config, random: &Random) -> Result<SigningKey> {
    if let Some(key) = load(config)? {
        return Ok(key);
    }
    let (path, key) = (config.secret_key_file(), random.hex::<32>());
    private_files::create(&path, |file| Ok(file.write_all(key.as_bytes())?))
        .context("the secret key cannot be stored")?;
    Ok(SigningKey::new(key.into()))
}

/// Returns the key from the settings or its file, or `None` if the default file does not exist yet. A file
/// that is named in the settings must exist.
pub fn load(config: &Config) -> Result<Option<SigningKey>> {
    if let Some(key) = &config.secret_key {
        return Ok(Some(SigningKey::new(key.clone())));
    }
    let path = config.secret_key_file();
    let is_named = config.names_secret_key_file();
    if !path.exists() && !is_named {
        return Ok(None);
    }
    let unreadable = || format!("secret_key_file: {} cannot be read", path.display());
    let metadata = std::fs::metadata(&path).with_context(unreadable)?;
    if !is_credential(&path) && metadata.mode() & 0o077 != 0 {
        let path = path.display();
        bail!("secret_key_file: others may read {path}; run `chmod 600 {path}`");
    }
    let key = read(&path).with_context(unreadable)?;
    if key.expose_secret().is_empty() {
        let alternative = if is_named { "" } else { ", or delete it to get a new key" };
        bail!("secret_key_file: {} is empty; write a key into it{alternative}", path.display());
    }
    Ok(Some(SigningKey::new(key)))
}

/// Reads the key that Django left in a file.
pub fn read_key_of_django(path: &Path) -> Result<SecretString> {
    let key = read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    if key.expose_secret().is_empty() || key.expose_secret().contains('\n') {
        bail!("{} must contain the secret key and nothing else, on one line", path.display());
    }
    Ok(key)
}

/// The replacement of the secret key by that of Django.
pub struct KeyReplacement {
    path: PathBuf,
    /// The former contents of the file; `None` if there is none.
    former: Option<SecretString>,
    key: SecretString,
}

impl KeyReplacement {
    /// Checks whether the key of Django can be used. Returns `None` if it is in use already. `store` is the database if it
    /// contains accounts, which depend on the former key.
    pub fn check(config: &Config, key: SecretString, store: Option<&Store>) -> Result<Option<Self>> {
        let is_key = |other: &SecretString| other.expose_secret() == key.expose_secret();
        if let Some(store) = store
            && let Some(stored) =
                store.read_with_writer(|db| properties::find(db, Property::KeyFingerprint))?
            && stored != SigningKey::new(key.clone()).fingerprint()
        {
            bail!("secret_key: {} is used with another key; {REPLACE_YOURSELF}", store.name());
        }
        if let Some(own) = &config.secret_key {
            if is_key(own) {
                return Ok(None);
            }
            bail!("secret_key: the settings contain another key; write that of Django there");
        }
        let path = config.secret_key_file();
        let former = path.exists().then(|| read(&path)).transpose();
        let former = former.with_context(|| format!("secret_key_file: {} cannot be read", path.display()))?;
        match &former {
            Some(former) if is_key(former) => Ok(None),
            Some(_) if store.is_some() => {
                bail!("secret_key_file: {} contains another key; {REPLACE_YOURSELF}", path.display())
            }
            _ => Ok(Some(Self { path, former, key })),
        }
    }

    /// Writes the key of Django to the file.
    pub fn make(&self) -> Result<()> {
        write(&self.path, &self.key)
    }

    /// Restores the former key.
    pub fn undo(self) -> Result<()> {
        match &self.former {
            Some(key) => write(&self.path, key),
            None => Ok(std::fs::remove_file(&self.path)?),
        }
    }
}

/// What to do if accounts depend on the former key.
const REPLACE_YOURSELF: &str = "accounts depend on it, so import into an empty database, or replace the key yourself, which ends \
     access tokens and mailed links";

fn read(path: &Path) -> Result<SecretString> {
    Ok(std::fs::read_to_string(path)?.trim_end_matches(['\n', '\r']).to_owned().into())
}

fn write(path: &Path, key: &SecretString) -> Result<()> {
    let written = private_files::replace(path, key.expose_secret().as_bytes());
    written.with_context(|| format!("secret_key_file: {} cannot be written", path.display()))
}

/// Rejects a key that differs from that of the other servers on a shared database. Otherwise each server would reject the
/// tokens of the others. The first server stores the fingerprint of its key.
pub fn store_or_require_same(app: &App) -> Result<()> {
    let own = app.signing_key.fingerprint();
    app.store.write(|db| match properties::find(db, Property::KeyFingerprint)? {
        None => properties::upsert(db, Property::KeyFingerprint, &own),
        Some(stored) if stored == own => Ok(()),
        Some(_) => bail!(
            "secret_key: {} is used with another key; give all servers the same one, or run `migrate --new-key` to use this \
             one from now on, which ends access tokens and mailed links",
            app.store.name()
        ),
    })
}

/// Stores the fingerprint of the key in place of the former one.
pub fn replace_fingerprint(app: &App) -> Result<()> {
    app.store.write(|db| properties::upsert(db, Property::KeyFingerprint, &app.signing_key.fingerprint()))
}

/// Returns whether systemd provides the file to this service. Its mode may then show permissions that do not apply
/// (systemd.exec(5), `LoadCredential`).
fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder))
}
