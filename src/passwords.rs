//! Password hashing and verification.

mod argon;
pub mod engine;
mod threads;

use anyhow::{Result, anyhow};
use argon2::Params;

use crate::config;
use crate::django::{bcrypt_sha256, pbkdf2, scrypt};
use crate::random::Random;
use argon::Argon;
use engine::Memory;
use threads::HashingThreads;

/// Hashes passwords with Argon2id at the configured cost (OWASP ASVS 11.4.2). Also verifies Django's hashes.
pub struct Hasher {
    threads: HashingThreads,
    argon: Argon,
    random: Random,
    /// Random bytes in the form of a hash. They are verified if an account is unknown or has no hash.
    dummy: String,
}

/// The result of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password does not match, or there is no hash.
    Wrong,
    Right,
    /// The password matches, and the hash should be replaced by one of the configured cost.
    RightButOutdated,
}

impl Hasher {
    /// Creates a hasher and its threads. Fails if Argon2 does not accept the configured cost, or if the feature
    /// `fast-argon2` is on and its implementation gives wrong results.
    pub fn new(config: &config::Passwords, random: Random) -> Result<Self> {
        let kibibytes = u32::try_from(config.memory.as_u64() / 1024)?;
        let params = Params::new(kibibytes, config.iterations, config.parallelism, None)
            .map_err(|error| anyhow!("passwords: {error}"))?;
        #[cfg(feature = "fast-argon2")]
        {
            let mut memory = Memory::default();
            engine::self_test(&params, &random, |input, out| memory.hash(input, out))?;
        }
        let argon = Argon::new(params);
        let dummy = argon.encode(&random.bytes(), &random.bytes())?;
        let threads = HashingThreads::start(config.hashing_threads())?;
        Ok(Self { threads, argon, random, dummy })
    }

    /// Hashes a password with a fresh salt, in PHC string format (`$argon2id$…`).
    pub fn hash(&self, password: &str) -> Result<String> {
        let (argon, password, salt) = (self.argon.clone(), password.to_owned(), self.random.bytes());
        self.threads.run(move |memory| argon.hash(&password, &salt, memory))
    }

    /// Verifies a password. Does the same work if there is no hash, so that timing does not reveal whether an account exists.
    pub fn verify(&self, password: &str, stored: Option<&str>) -> PasswordCheck {
        let (argon, password) = (self.argon.clone(), password.to_owned());
        let hash = stored.unwrap_or(&self.dummy).to_owned();
        self.threads.run(move |memory| verify(&argon, &password, &hash, memory))
    }
}

fn verify(argon: &Argon, password: &str, stored: &str, memory: &mut Memory) -> PasswordCheck {
    let is_right = match scheme(stored) {
        "bcrypt_sha256" => bcrypt_sha256::matches(password, stored),
        "pbkdf2_sha1" | "pbkdf2_sha256" => pbkdf2::matches(password, stored),
        "scrypt" => scrypt::matches(password, stored),
        _ => return argon.verify(password, phc(stored), memory),
    };
    if is_right { PasswordCheck::RightButOutdated } else { PasswordCheck::Wrong }
}

/// Returns what is wrong with an imported hash, if anything. The message never contains a part of the hash. An empty
/// string, or one that begins with `!`, means that there is no password, as in Django.
pub fn problem_with(stored: &str) -> Option<String> {
    if stored.is_empty() || stored.starts_with('!') {
        return None;
    }
    match scheme(stored) {
        "bcrypt_sha256" => bcrypt_sha256::problem_with(stored),
        "pbkdf2_sha1" | "pbkdf2_sha256" => pbkdf2::problem_with(stored),
        "scrypt" => scrypt::problem_with(stored),
        _ if phc(stored).starts_with("$argon2") => argon::problem_with(phc(stored)),
        _ => Some(
            "Write the whole hash of argon2, bcrypt_sha256, pbkdf2_sha1, pbkdf2_sha256 or scrypt, as Django stores it, \
             or an empty string for no password."
                .to_owned(),
        ),
    }
}

fn scheme(stored: &str) -> &str {
    stored.split('$').next().unwrap_or_default()
}

/// Django prefixes the PHC string of Argon2 with the name of the algorithm.
fn phc(stored: &str) -> &str {
    stored.strip_prefix("argon2").unwrap_or(stored)
}
