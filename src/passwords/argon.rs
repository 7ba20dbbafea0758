//! Argon2 hashes in PHC string format.

use anyhow::{Result, anyhow};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Params, Version};
use subtle::ConstantTimeEq;

use super::PasswordCheck;
use super::engine::{Input, Memory};
use crate::config::{MAX_HASH_MEMORY, MAX_HASH_WORK};

const HASH_BYTES: usize = 32;

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
        self.matching(password, phc, memory).map_or(PasswordCheck::Wrong, |(algorithm, params)| {
            let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
            let is_current = algorithm == Algorithm::Argon2id && cost(&params) == cost(&self.params);
            if is_current { PasswordCheck::Right } else { PasswordCheck::RightButOutdated }
        })
    }

    /// Returns the variant and the cost of a hash, if the password matches it.
    fn matching(&self, password: &str, phc: &str, memory: &mut Memory) -> Option<(Algorithm, Params)> {
        let (hash, params) = parse(phc)?;
        let (salt, expected) = (hash.salt?, hash.hash?);
        let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
        let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from).ok()?;
        let mut out = vec![0; expected.len()];
        let input = Input { algorithm, version, params: &params, password: password.as_bytes(), salt: &salt };
        self.compute(&input, &mut out, memory)?;
        bool::from(out.ct_eq(expected.as_bytes())).then_some((algorithm, params))
    }

    fn compute(&self, input: &Input<'_>, out: &mut [u8], memory: &mut Memory) -> Option<()> {
        // A thread must not keep more memory than the configured cost needs.
        if input.params.block_count() > self.params.block_count() {
            return Memory::default().hash(input, out);
        }
        memory.hash(input, out)
    }
}

/// Parses a hash and its cost. Returns `None` if that cost would exhaust the machine.
pub(super) fn parse(phc: &str) -> Option<(PasswordHash, Params)> {
    let hash = PasswordHash::new(phc).ok().filter(|hash| hash.hash.is_some())?;
    // The library multiplies the number of lanes before it checks it, and the product could overflow.
    let lanes = hash.params.get_decimal("p").unwrap_or(Params::DEFAULT_P_COST);
    let params = (lanes <= Params::MAX_P_COST).then(|| Params::try_from(&hash).ok()).flatten()?;
    let (memory, iterations) = (1024 * u64::from(params.m_cost()), u64::from(params.t_cost()));
    let is_permitted = memory <= MAX_HASH_MEMORY && memory * iterations <= MAX_HASH_WORK;
    is_permitted.then_some((hash, params))
}
