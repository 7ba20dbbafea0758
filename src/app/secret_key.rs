//! The secret key that signs tokens, from the settings or from its file.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::NamedTempFile;

use super::App;
use crate::config::Config;
use crate::private_files;
use crate::random::Random;
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
    let text = std::fs::read_to_string(&path).with_context(unreadable)?;
    let key = text.trim_end_matches(['\n', '\r']);
    if key.is_empty() {
        let alternative = if is_named { "" } else { ", or delete it to get a new key" };
        bail!("secret_key_file: {} is empty; write a key into it{alternative}", path.display());
    }
    Ok(Some(SigningKey::new(key.to_owned().into())))
}

/// A key that was taken over from another program. The former key returns when this is dropped before [`Self::keep`].
pub struct TakenOver {
    path: PathBuf,
    /// The former contents of the file; `None` if there was none.
    former: Option<Vec<u8>>,
    is_kept: bool,
}

impl TakenOver {
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for TakenOver {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let restored = match &self.former {
            Some(key) => write(&self.path, key),
            None => std::fs::remove_file(&self.path).map_err(Into::into),
        };
        if let Err(error) = restored {
            tracing::error!(
                "{}: the former secret key could not be restored: {error:#}",
                self.path.display()
            );
        }
    }
}

/// Reads the key that another program left in a file.
pub fn read_foreign(path: &Path) -> Result<SecretString> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let key = text.trim_end_matches(['\n', '\r']);
    if key.is_empty() || key.contains('\n') {
        bail!("{} must contain the secret key and nothing else, on one line", path.display());
    }
    Ok(key.to_owned().into())
}

/// A key that can be taken over.
pub struct ForeignKey {
    path: PathBuf,
    former: Option<Vec<u8>>,
    key: SecretString,
}

impl ForeignKey {
    /// Stores the key as that of this program.
    pub fn take_over(self) -> Result<TakenOver> {
        let Self { path, former, key } = self;
        write(&path, key.expose_secret().as_bytes())?;
        Ok(TakenOver { path, former, is_kept: false })
    }
}

/// Checks whether a key can become that of this program. Returns `None` if it is already. An existing key can be replaced only
/// if nothing depends on it.
pub fn check_foreign(config: &Config, key: SecretString, can_replace: bool) -> Result<Option<ForeignKey>> {
    if let Some(own) = &config.secret_key {
        if own.expose_secret() == key.expose_secret() {
            return Ok(None);
        }
        bail!("secret_key: the settings contain another key; write that of Django there");
    }
    let path = config.secret_key_file();
    let former = path.exists().then(|| std::fs::read(&path)).transpose();
    let former = former.with_context(|| format!("secret_key_file: {} cannot be read", path.display()))?;
    if former.as_deref().is_some_and(|former| former.trim_ascii_end() == key.expose_secret().as_bytes()) {
        return Ok(None);
    }
    if former.is_some() && !can_replace {
        bail!(
            "secret_key_file: {} contains another key, and accounts here depend on it; import into an empty database, or \
             replace the key yourself, which ends access tokens and mailed links",
            path.display()
        );
    }
    Ok(Some(ForeignKey { path, former, key }))
}

/// Writes the file of the key, which only its owner may read.
fn write(path: &Path, key: &[u8]) -> Result<()> {
    let folder = private_files::parent(path);
    let written = private_files::create_dir(folder).and_then(|()| {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(key)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    });
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
