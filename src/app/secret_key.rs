//! The secret key that signs tokens, from the settings or from its file.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

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
