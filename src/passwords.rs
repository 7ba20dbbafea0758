//! Passwords: how they are hashed and checked, and which are too weak.

pub mod common;
pub mod django;
pub mod rules;

use anyhow::{Result, anyhow};
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::config;
use crate::random::Random;

/// Hashes that want more memory or more passes than this are not checked.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_ITERATIONS: u32 = 64;

/// Hashes with Argon2id at the configured cost (OWASP ASVS 11.4.2) and checks what Django hashed, too.
pub struct Hasher {
    argon2: Argon2<'static>,
    random: Random,
    dummy: String,
}

/// Whether a password is the one behind a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
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
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hasher = Self { argon2, random, dummy: String::new() };
        hasher.dummy = hasher.hash("a password that nobody has")?;
        Ok(hasher)
    }

    /// The hash of a password under a fresh salt, as PHC text (`$argon2id$…`).
    ///
    /// # Errors
    /// If memory for the hash cannot be had.
    pub fn hash(&self, password: &str) -> Result<String> {
        let salt = SaltString::encode_b64(&self.random.bytes::<16>()).map_err(|error| anyhow!("{error}"))?;
        let hash = self.argon2.hash_password(password.as_bytes(), &salt);
        Ok(hash.map_err(|error| anyhow!("a password cannot be hashed: {error}"))?.to_string())
    }

    /// Checks a password. Where there is no hash, the same work is done for nothing, so that time does not tell.
    pub fn verify(&self, password: &str, stored: Option<&str>) -> Verdict {
        let Some(stored) = stored else {
            self.is_argon2(password, &self.dummy);
            return Verdict::Wrong;
        };
        if let Some(right) = django::verify_pbkdf2(password, stored) {
            return if right { Verdict::RightButOutdated } else { Verdict::Wrong };
        }
        // Django writes the name of the algorithm ahead of the text that everybody else writes.
        let phc = stored.strip_prefix("argon2").unwrap_or(stored);
        match self.is_argon2(password, phc) {
            false => Verdict::Wrong,
            true if self.is_current(phc) => Verdict::Right,
            true => Verdict::RightButOutdated,
        }
    }

    fn is_argon2(&self, password: &str, phc: &str) -> bool {
        let Some(hash) = affordable(phc) else { return false };
        self.argon2.verify_password(password.as_bytes(), &hash).is_ok()
    }

    fn is_current(&self, phc: &str) -> bool {
        let Ok(hash) = PasswordHash::new(phc) else { return false };
        let params = Params::try_from(&hash);
        let wanted = self.argon2.params();
        hash.algorithm == Algorithm::Argon2id.ident()
            && params.is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost())
            })
    }
}

/// An Argon2 hash that can be checked without exhausting the machine, as one brought along might.
fn affordable(phc: &str) -> Option<PasswordHash<'_>> {
    let hash = PasswordHash::new(phc).ok().filter(|hash| hash.hash.is_some())?;
    let params = Params::try_from(&hash).ok()?;
    (params.m_cost() <= MAX_MEMORY_KIB && params.t_cost() <= MAX_ITERATIONS).then_some(hash)
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
    let is_good = phc.starts_with("$argon2id$") && affordable(phc).is_some();
    (!is_good).then(|| {
        format!(
            "Write a whole hash of pbkdf2_sha256, or of argon2id with at most {MAX_MEMORY_KIB} KiB and \
             {MAX_ITERATIONS} iterations, or an empty text for no password."
        )
    })
}
