//! Argon2 hashes in PHC string format.

use anyhow::{Result, anyhow};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};
use subtle::ConstantTimeEq;

use super::PasswordCheck;
use super::engine::{Input, Memory};
use crate::config::{MAX_HASH_MEMORY, MAX_HASH_WORK};

const HASH_BYTES: usize = 32;

/// A hash in PHC string format, parsed.
struct Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

/// Creates hashes at one cost, and verifies hashes of any cost within the limits.
#[derive(Clone)]
pub(super) struct Argon {
    params: Params,
}

impl Argon {
    pub(super) fn new(params: Params) -> Self {
        Self { params }
    }

    /// Returns an Argon2id hash in PHC string format.
    pub(super) fn hash(&self, password: &str, salt: &[u8; 16], memory: &mut Memory) -> Result<String> {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let input = Input { algorithm, version, params: &self.params, password: password.as_bytes(), salt };
        let mut out = [0; HASH_BYTES];
        self.compute(&input, &mut out, memory)
            .ok_or_else(|| anyhow!("a password cannot be hashed at this cost"))?;
        self.encode(salt, &out)
    }

    /// Returns an Argon2id hash of the configured cost in PHC string format, given its bytes.
    pub(super) fn encode(&self, salt: &[u8; 16], hash: &[u8; HASH_BYTES]) -> Result<String> {
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.params).map_err(|error| anyhow!("{error}"))?,
            salt: Some(Salt::new(salt).map_err(|error| anyhow!("{error}"))?),
            hash: Some(Output::new(hash).map_err(|error| anyhow!("{error}"))?),
        };
        Ok(hash.to_string())
    }

    pub(super) fn verify(&self, password: &str, phc: &str, memory: &mut Memory) -> PasswordCheck {
        let Some(hash) = parse(phc).filter(|hash| self.matches(password, hash, memory)) else {
            return PasswordCheck::Wrong;
        };
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let is_current = (hash.algorithm, hash.version) == (Algorithm::Argon2id, Version::V0x13)
            && cost(&hash.params) == cost(&self.params);
        if is_current { PasswordCheck::Right } else { PasswordCheck::RightButOutdated }
    }

    fn matches(&self, password: &str, hash: &Hash, memory: &mut Memory) -> bool {
        let Hash { algorithm, version, params, salt, output } = hash;
        let (algorithm, version, password) = (*algorithm, *version, password.as_bytes());
        let mut out = vec![0; output.len()];
        let input = Input { algorithm, version, params, password, salt };
        self.compute(&input, &mut out, memory).is_some() && out.ct_eq(output.as_bytes()).into()
    }

    fn compute(&self, input: &Input<'_>, out: &mut [u8], memory: &mut Memory) -> Option<()> {
        // A thread must not keep more memory than the configured cost needs.
        if input.params.block_count() > self.params.block_count() {
            return Memory::default().hash(input, out);
        }
        memory.hash(input, out)
    }
}

/// Returns what is wrong with a hash, if anything. The message never contains a part of the hash.
pub(super) fn problem_with(phc: &str) -> Option<String> {
    parse(phc).is_none().then(|| {
        "Write the whole hash of argon2id, argon2i or argon2d, with at most 1 GiB of memory, and at most 8 GiB for \
         memory times iterations."
            .to_owned()
    })
}

/// Parses a hash. Returns `None` if its cost would exhaust the machine.
fn parse(phc: &str) -> Option<Hash> {
    let hash = PasswordHash::new(phc).ok()?;
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    // The first version of Argon2 wrote no version.
    let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
    // The library multiplies the number of lanes before it checks it, and the product could overflow.
    let lanes = hash.params.get_decimal("p").unwrap_or(Params::DEFAULT_P_COST);
    let params = (lanes <= Params::MAX_P_COST).then(|| Params::try_from(&hash).ok()).flatten()?;
    let (memory, iterations) = (1024 * u64::from(params.m_cost()), u64::from(params.t_cost()));
    let is_permitted = memory <= MAX_HASH_MEMORY && memory * iterations <= MAX_HASH_WORK;
    is_permitted.then_some(Hash { algorithm, version, params, salt: hash.salt?, output: hash.hash? })
}
