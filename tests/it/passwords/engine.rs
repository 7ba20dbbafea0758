//! Argon2 as the server computes it, compared with the crate `argon2` and with RFC 9106. With the feature `fast-argon2`, the
//! server computes it with another crate.

use argon2::{Algorithm, Argon2, AssociatedData, Params, ParamsBuilder, Version};
use pledge4future_auth::passwords::engine::{Input, Memory};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id];
const VERSIONS: [Version; 2] = [Version::V0x10, Version::V0x13];

/// The vectors of RFC 9106 §5 have a secret, which the server does not use.
const TAGS: [(Algorithm, &str); 3] = [
    (Algorithm::Argon2d, "512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb"),
    (Algorithm::Argon2i, "c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8"),
    (Algorithm::Argon2id, "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"),
];

fn with_data(memory: u32, iterations: u32, lanes: u32, data: &[u8]) -> Params {
    let data = AssociatedData::new(data).expect("at most 32 bytes");
    let mut params = ParamsBuilder::new();
    params.m_cost(memory).t_cost(iterations).p_cost(lanes).data(data);
    params.build().expect("parameters of Argon2")
}

/// Returns `len` random bytes.
fn bytes(random: &mut StdRng, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    random.fill(&mut bytes[..]);
    bytes
}

/// Compares both implementations on one random input. Memory that was used before must make no difference.
fn compare(random: &mut StdRng, memory: &mut Memory) {
    let lanes = [1, 1, 1, 2, 3, 4, 7][random.random_range(0..7)];
    let kibibytes = match random.random_range(0..4) {
        0 => 8 * lanes,
        1 => 8 * lanes + random.random_range(0..17),
        2 => 8 * lanes + random.random_range(0..200),
        _ => 8 * lanes + random.random_range(0..900),
    };
    let data = random.random_range(0..=32);
    let params = with_data(kibibytes, random.random_range(1..=3), lanes, &bytes(random, data));
    // Around the blocks of BLAKE2b, which have 128 bytes, and longer than any password.
    let password = [0, 1, 14, 100, 126, 254, 2000][random.random_range(0..7)] + random.random_range(0..4);
    let password = bytes(random, password);
    let salt = [8, 16, 48, 64, 900][random.random_range(0..5)];
    let salt = bytes(random, salt);
    let len = if random.random() { random.random_range(4..=130) } else { random.random_range(4..=1024) };
    let input = Input {
        algorithm: ALGORITHMS[random.random_range(0..3)],
        version: VERSIONS[random.random_range(0..2)],
        params: &params,
        password: &password,
        salt: &salt,
    };
    let (mut expected, mut actual) = (vec![0; len], vec![0; len]);
    input.hash(&mut expected).expect("a valid input");
    #[cfg(feature = "fast-argon2")]
    memory.hash_fast(&input, &mut actual).expect("an input that both accept");
    #[cfg(not(feature = "fast-argon2"))]
    memory.hash(&input, &mut actual).expect("a valid input");
    assert_eq!(actual, expected, "{len} bytes of {input:?}");
}

#[test]
fn hashes_of_passwords_are_those_of_the_crate_argon2() {
    let (mut random, mut memory) = (StdRng::seed_from_u64(9106), Memory::default());
    // Without the feature, only the reuse of memory is tested.
    let count = if cfg!(feature = "fast-argon2") { 4000 } else { 400 };
    for _ in 0..count {
        compare(&mut random, &mut memory);
    }
}

#[test]
fn argon2_computes_the_vectors_of_rfc_9106() {
    let params = with_data(32, 3, 4, &[4; 12]);
    for (algorithm, tag) in TAGS {
        let mut out = [0; 32];
        let argon2 = Argon2::new_with_secret(&[3; 8], algorithm, Version::V0x13, params.clone());
        argon2.expect("a secret").hash_password_into(&[1; 32], &[2; 16], &mut out).expect("a hash");
        assert_eq!(hex::encode(out), tag, "{algorithm}");
    }
}

#[test]
fn a_salt_or_a_hash_that_is_too_short_is_refused() {
    let (params, mut memory) = (with_data(8, 1, 1, &[]), Memory::default());
    for (salt, len, accepted) in [(8, 4, true), (7, 4, false), (8, 3, false)] {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let salt = vec![2; salt];
        let input = Input { algorithm, version, params: &params, password: b"", salt: &salt };
        assert_eq!(memory.hash(&input, &mut vec![0; len]).is_some(), accepted, "{len} bytes of {input:?}");
    }
}

#[cfg(feature = "fast-argon2")]
mod fast {
    use argon2_rust::params::{Memory as Kibibytes, TagLen};
    use pledge4future_auth::passwords::engine::self_test;
    use pledge4future_auth::random::Random;

    use super::*;

    #[test]
    fn the_fast_argon2_computes_the_vectors_of_rfc_9106() {
        for (algorithm, tag) in TAGS {
            let fast = match algorithm {
                Algorithm::Argon2d => argon2_rust::Algorithm::Argon2d,
                Algorithm::Argon2i => argon2_rust::Algorithm::Argon2i,
                Algorithm::Argon2id => argon2_rust::Algorithm::Argon2id,
            };
            let params = argon2_rust::Params::builder().memory(Kibibytes::kib(32)).passes(3).lanes(4);
            let params = params.tag_len(TagLen::bytes(32)).build().expect("parameters of Argon2");
            let argon2 = argon2_rust::Argon2::new(fast, argon2_rust::Version::V0x13, params);
            let mut out = [0; 32];
            argon2.hash_into_with_ad(&[1; 32], &[2; 16], &[3; 8], &[4; 12], &mut out).expect("a hash");
            assert_eq!(hex::encode(out), tag, "{algorithm}");
        }
    }

    /// Runs the test of the start with a function that gives a wrong hash if `is_wrong` says so.
    fn tested(is_wrong: impl Fn(&Input<'_>) -> bool) -> anyhow::Result<()> {
        let configured = with_data(1000, 2, 1, &[]);
        let mut memory = Memory::default();
        self_test(&configured, &Random::seeded(7), |input, out| {
            memory.hash(input, out)?;
            out[0] ^= u8::from(is_wrong(input));
            Some(())
        })
    }

    #[test]
    fn the_server_refuses_to_start_on_a_wrong_hash() {
        tested(|_| false).expect("right hashes");
        let wrong: [fn(&Input<'_>) -> bool; 6] = [
            |input| input.algorithm == Algorithm::Argon2d,
            |input| input.algorithm == Algorithm::Argon2i,
            |input| input.version == Version::V0x10,
            |input| input.params.p_cost() > 1,
            |input| input.password.is_empty(),
            |input| input.params.m_cost() == 1000,
        ];
        for is_wrong in wrong {
            let error = tested(is_wrong).expect_err("a wrong hash").to_string();
            assert!(error.contains("built without this feature"), "{error}");
        }
    }

    #[test]
    fn the_server_refuses_to_start_without_a_hash() {
        let configured = with_data(1000, 2, 1, &[]);
        assert!(self_test(&configured, &Random::seeded(7), |_, _| None).is_err());
    }
}
