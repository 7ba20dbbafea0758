mod counts;
mod data_lock;
pub mod secret_key;

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::Notify;
use url::Url;

use crate::clock::Clock;
use crate::config::Config;
use crate::language::Languages;
use crate::mail::{Mailer, Outage};
use crate::metrics::Metrics;
use crate::passkeys::Passkeys;
use crate::passwords::Hasher;
use crate::private_files;
use crate::random::Random;
use crate::store::Store;
use crate::tokens::SigningKey;

pub use counts::CountCache;
pub use data_lock::lock_data_dir;

/// Everything that a rule needs.
pub struct App {
    pub config: Config,
    pub clock: Clock,
    pub random: Random,
    pub store: Arc<Store>,
    /// Signs access and action tokens.
    pub signing_key: SigningKey,
    pub hasher: Hasher,
    /// `None` if the server has no passkeys.
    pub passkeys: Option<Passkeys>,
    pub languages: Arc<Languages>,
    pub mailer: Mailer,
    pub outage: Arc<Outage>,
    /// Notified after a transaction that enqueued mail, to wake its delivery.
    pub mail_enqueued: Arc<Notify>,
    pub metrics: Arc<Metrics>,
    pub counts: Arc<CountCache>,
}

impl App {
    /// Opens the data folder. Creates the folder, the secret key and the database if they are missing.
    pub fn open(config: Config, clock: Clock, random: Random) -> Result<Self> {
        private_files::create_dir(&config.data_dir).with_context(|| {
            let folder = config.data_dir.display();
            format!("data_dir: the folder {folder} cannot be created; choose another, or remove the obstacle")
        })?;
        let signing_key = secret_key::load_or_create(&config, &random)?;
        let store = Arc::new(Store::open(&config.location()?)?);
        let hasher = Hasher::new(&config.passwords, random.clone())?;
        let passkeys = load_passkeys(&config)?;
        let languages = load_languages(&config)?;
        let mailer = Mailer::new(&config, &languages)?;
        let (outage, mail_enqueued) = (Arc::default(), Arc::default());
        let metrics = Arc::new(Metrics::new(&store.writes));
        Ok(Self {
            config,
            clock,
            random,
            store,
            signing_key,
            hasher,
            passkeys,
            languages,
            mailer,
            outage,
            mail_enqueued,
            metrics,
            counts: Arc::default(),
        })
    }

    /// Returns the same application with other settings. The data folder must be the same.
    pub fn with_settings(&self, config: Config) -> Result<Self> {
        let random = self.random.clone();
        let languages = load_languages(&config)?;
        Ok(Self {
            signing_key: secret_key::load_or_create(&config, &random)?,
            hasher: Hasher::new(&config.passwords, random.clone())?,
            passkeys: load_passkeys(&config)?,
            mailer: Mailer::new(&config, &languages)?,
            languages,
            clock: self.clock.clone(),
            store: Arc::clone(&self.store),
            outage: Arc::clone(&self.outage),
            mail_enqueued: Arc::clone(&self.mail_enqueued),
            metrics: Arc::clone(&self.metrics),
            counts: Arc::clone(&self.counts),
            config,
            random,
        })
    }
}

/// Loads the languages that the settings name.
pub fn load_languages(config: &Config) -> Result<Arc<Languages>> {
    Languages::load(config.languages.as_deref(), &config.site_language).map(Arc::new)
}

/// Prepares the checks of passkeys, if the settings allow passkeys.
fn load_passkeys(config: &Config) -> Result<Option<Passkeys>> {
    let Some(domain) = config.passkey_domain() else { return Ok(None) };
    let address = Url::parse(&config.public_url).context("public_url: is not an address")?;
    let others = config.passkey_origins(&domain);
    let passkeys = Passkeys::new(&domain, &address, &others, config.site_name());
    passkeys.context("second_factor.passkey_domain").map(Some)
}
