//! The parts, assembled.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use secrecy::SecretString;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::{Config, create_private_dir, others_may_read};
use crate::mail::{Mailer, Outage};
use crate::metrics::Metrics;
use crate::passwords::Hasher;
use crate::random::Random;
use crate::store::{self, Store};
use crate::tokens::SigningKey;

/// Everything that a rule needs.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// The database.
    pub store: Arc<Store>,
    /// Signs access and action tokens.
    pub signing_key: SigningKey,
    /// Hashes and checks passwords.
    pub hasher: Hasher,
    /// Writes and delivers mails.
    pub mailer: Mailer,
    /// Whether no mail leaves at all.
    pub outage: Arc<Outage>,
    /// Rings after each transaction that wrote, for whoever delivers mail.
    pub committed: Arc<Notify>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl App {
    /// Opens the data folder, making it and what belongs in it if it is missing.
    ///
    /// # Errors
    /// One sentence on what is in the way.
    pub fn open(config: Config, clock: Clock, random: Random) -> Result<Self> {
        create_private_dir(&config.data_dir).with_context(|| {
            let folder = config.data_dir.display();
            format!("data_dir: {folder} cannot be made a folder; choose another, or clear what is in the way")
        })?;
        let signing_key = signing_key(&config, &random)?;
        let store = Arc::new(Store::open(&config.database())?);
        let hasher = Hasher::new(&config.passwords, random.clone())?;
        let mailer = Mailer::new(&config)?;
        let (outage, committed) = (Arc::default(), Arc::default());
        let metrics = Arc::new(Metrics::new(&store.writes));
        Ok(Self { config, clock, random, store, signing_key, hasher, mailer, outage, committed, metrics })
    }

    /// The same application with other settings, of the same data folder.
    ///
    /// # Errors
    /// One sentence on what is in the way.
    pub fn with_settings(&self, config: Config) -> Result<Self> {
        let random = self.random.clone();
        Ok(Self {
            signing_key: signing_key(&config, &random)?,
            hasher: Hasher::new(&config.passwords, random.clone())?,
            mailer: Mailer::new(&config)?,
            clock: self.clock.clone(),
            store: Arc::clone(&self.store),
            outage: Arc::clone(&self.outage),
            committed: Arc::clone(&self.committed),
            metrics: Arc::clone(&self.metrics),
            config,
            random,
        })
    }

    /// [`Store::write`], and rings for mail that may have been promised.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write<T, E: From<store::Error>>(
        &self,
        work: impl FnOnce(&store::Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let done = self.store.write(work)?;
        self.committed.notify_one();
        Ok(done)
    }
}

/// The key from the configuration, else from its file, else a new one that is written there.
fn signing_key(config: &Config, random: &Random) -> Result<SigningKey> {
    if let Some(key) = given_key(config)? {
        return Ok(key);
    }
    let path = config.secret_key_file();
    let made = make_secret_key(&path, random);
    Ok(SigningKey::new(
        made.with_context(|| format!("the secret key cannot be written to {}", path.display()))?,
    ))
}

/// The key from the configuration, else from its file; none if it has yet to be made.
///
/// # Errors
/// A sentence on what is wrong with the file.
pub fn given_key(config: &Config) -> Result<Option<SigningKey>> {
    if let Some(key) = &config.secret_key {
        return Ok(Some(SigningKey::new(key.clone())));
    }
    let path = config.secret_key_file();
    let is_named = config.names_secret_key_file();
    if !path.exists() && !is_named {
        return Ok(None);
    }
    let unreadable = || format!("secret_key_file: {} cannot be read", path.display());
    if !is_credential(&path) && others_may_read(&path).with_context(unreadable)? {
        let path = path.display();
        bail!("secret_key_file: others may read {path}, so it is no secret; run `chmod 600 {path}`");
    }
    let text = std::fs::read_to_string(&path).with_context(unreadable)?;
    let key = text.trim_end_matches(['\n', '\r']);
    if key.is_empty() {
        let or_else = if is_named { "" } else { ", or delete it to have one made" };
        bail!("secret_key_file: {} is empty; write a key into it{or_else}", path.display());
    }
    Ok(Some(SigningKey::new(key.to_owned().into())))
}

/// Whether systemd has put the file there for this service alone: it may show other permissions than those that hold
/// (systemd.exec(5), LoadCredential).
fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder))
}

fn make_secret_key(path: &Path, random: &Random) -> std::io::Result<SecretString> {
    let key = random.hex::<32>();
    let folder = path.parent().unwrap_or(Path::new("."));
    // Written whole under another name first: a key that was cut off by a full disk would be taken for one.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, key.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(key.into())
}
