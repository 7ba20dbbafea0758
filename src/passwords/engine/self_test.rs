//! Compares the fast implementation with `argon2` when the program starts. A difference would lock people out, or store
//! hashes that no other program can verify. It could come from a processor on which nobody has tried the implementation.

use anyhow::{Result, anyhow, ensure};
use argon2::{Algorithm, Params, Version};

use super::Input;
use crate::random::Random;

/// Memory in KiB, iterations and lanes. The costs are the smallest one, one that lanes do not divide, and one that needs
/// a second block of addresses for each segment.
const COSTS: [(u32, u32, u32); 3] = [(8, 1, 1), (71, 3, 2), (600, 2, 1)];

/// The last one is longer than one digest of the hash function in Argon2.
const LENGTHS: [usize; 3] = [4, 32, 100];

/// Compares a function that hashes with the crate `argon2`: on fixed inputs, on random ones, and at the configured cost.
/// Fails at the first difference.
pub fn self_test(
    configured: &Params,
    random: &Random,
    mut hash: impl FnMut(&Input<'_>, &mut [u8]) -> Option<()>,
) -> Result<()> {
    let long = [b'p'; 300];
    for (index, (memory, iterations, lanes)) in COSTS.into_iter().enumerate() {
        let params = params(memory, iterations, lanes)?;
        for algorithm in [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id] {
            for version in [Version::V0x10, Version::V0x13] {
                let password = [&b""[..], b"kelp-Forest-41", &long][index];
                let salt = b"8 to 64 bytes";
                let input = Input { algorithm, version, params: &params, password, salt };
                compare(&input, LENGTHS[index], &mut hash)?;
            }
        }
    }
    for _ in 0..4 {
        let [memory, iterations, lanes] = random.bytes().map(u32::from);
        let lanes = 1 + lanes % 4;
        compare_random(&params(8 * lanes + memory, 1 + iterations % 3, lanes)?, random, &mut hash)?;
    }
    compare_random(configured, random, &mut hash)
}

fn params(memory: u32, iterations: u32, lanes: u32) -> Result<Params> {
    Params::new(memory, iterations, lanes, None).map_err(|error| anyhow!("{error}"))
}

fn compare_random(
    params: &Params,
    random: &Random,
    hash: &mut impl FnMut(&Input<'_>, &mut [u8]) -> Option<()>,
) -> Result<()> {
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    let (password, salt) = (random.bytes::<24>(), random.bytes::<16>());
    compare(&Input { algorithm, version, params, password: &password, salt: &salt }, 32, hash)
}

fn compare(
    input: &Input<'_>,
    len: usize,
    hash: &mut impl FnMut(&Input<'_>, &mut [u8]) -> Option<()>,
) -> Result<()> {
    let (mut expected, mut actual) = (vec![0; len], vec![0; len]);
    let computed = (input.hash(&mut expected), hash(input, &mut actual));
    ensure!(
        computed == (Some(()), Some(())) && expected == actual,
        "passwords: the feature `fast-argon2` computes wrong hashes on this machine ({}, {} KiB, {} iterations, {} lanes). \
         Install a program that is built without this feature.",
        input.algorithm,
        input.params.m_cost(),
        input.params.t_cost(),
        input.params.p_cost(),
    );
    Ok(())
}
