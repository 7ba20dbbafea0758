//! Passwords: how they are hashed and checked, and which are too weak.

mod argon;
pub mod common;
pub mod django;
pub mod rules;

use anyhow::{Result, anyhow};
use argon2::Params;

use crate::config;
use crate::random::Random;
use argon::Argon;

/// Hashes with Argon2id at the configured cost (OWASP ASVS 11.4.2) and checks what Django hashed, too.
pub struct Hasher {
    argon: Argon,
    random: Random,
    dummy: String,
}

/// Whether a password is the one behind a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is not, or there is none.
    Wrong,
    /// It is.
    Right,
    /// It is, and the hash should be replaced by one of today's cost.
    RightButOutdated,
}

impl Hasher {
    /// A hasher of the configured cost.
    ///
    /// # Errors
    /// If Argon2 does not take the cost.
    pub fn new(config: &config::Passwords, random: Random) -> Result<Self> {
        let kibibytes = u32::try_from(config.memory.count() / 1024)?;
        let params = Params::new(kibibytes, config.iterations, config.parallelism, None)
            .map_err(|error| anyhow!("passwords: {error}"))?;
        let mut hasher = Self { argon: Argon::new(params), random, dummy: String::new() };
        hasher.dummy = hasher.hash("a password that nobody has")?;
        Ok(hasher)
    }

    /// The hash of a password under a fresh salt, as PHC text (`$argon2id$…`).
    ///
    /// # Errors
    /// If memory for the hash cannot be had.
    pub fn hash(&self, password: &str) -> Result<String> {
        self.argon.hash(password, &self.random.bytes::<16>())
    }

    /// Checks a password. Where there is no hash, the same work is done for nothing, so that time does not tell.
    pub fn verify(&self, password: &str, stored: Option<&str>) -> PasswordCheck {
        let Some(stored) = stored else {
            self.argon.verify(password, &self.dummy);
            return PasswordCheck::Wrong;
        };
        if let Some(right) = django::verify_pbkdf2(password, stored) {
            return if right { PasswordCheck::RightButOutdated } else { PasswordCheck::Wrong };
        }
        // Django writes the name of the algorithm ahead of the text that everybody else writes.
        let phc = stored.strip_prefix("argon2").unwrap_or(stored);
        match self.argon.verify(password, phc) {
            false => PasswordCheck::Wrong,
            true if self.argon.is_current(phc) => PasswordCheck::Right,
            true => PasswordCheck::RightButOutdated,
        }
    }
}

/// What is wrong with a stored hash that is brought along, if anything is; never a part of it. An empty text and one
/// that begins with `!` stand for no password, as in Django.
pub fn complaint_about(stored: &str) -> Option<String> {
    if stored.is_empty() || stored.starts_with('!') {
        return None;
    }
    if stored.starts_with("pbkdf2_sha256$") {
        return django::complaint_about_pbkdf2(stored);
    }
    let phc = stored.strip_prefix("argon2").unwrap_or(stored);
    let is_good = phc.starts_with("$argon2id$") && argon::affordable(phc).is_some();
    (!is_good).then(|| {
        format!(
            "Write a whole hash of pbkdf2_sha256, or of argon2id with at most {} KiB and \
             {} iterations, or an empty text for no password.",
            argon::MAX_MEMORY_KIB,
            argon::MAX_ITERATIONS,
        )
    })
}
