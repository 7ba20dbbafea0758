//! The crate `argon2-rust`. It uses AVX-512 or AVX2 if the processor has them. Its feature `parallel` is off: it computes
//! the lanes of a hash one after the other, as `argon2` does, and starts no threads.

use argon2_rust::params::{self, TagLen};
use argon2_rust::{Argon2, Hasher, Params};

use super::Input;

/// Memory that hashes use one after the other. It is as large as the largest of them needed.
#[derive(Default)]
pub struct Memory(Option<Hasher>);

impl Memory {
    /// Computes a hash. Returns `None` where [`Input::hash`] does.
    pub fn hash(&mut self, input: &Input<'_>, out: &mut [u8]) -> Option<()> {
        self.hash_fast(input, out).or_else(|| input.hash(out))
    }

    /// Computes a hash, but returns `None` if `argon2-rust` refuses what `argon2` might accept. No such input is known.
    pub fn hash_fast(&mut self, input: &Input<'_>, out: &mut [u8]) -> Option<()> {
        let argon2 = translated(input, out.len())?;
        let hasher = self.0.get_or_insert_with(|| argon2.hasher());
        hasher.set_argon2(argon2);
        hasher.hash_into_with_ad(input.password, input.salt, &[], input.params.data(), out).ok()
    }
}

fn translated(input: &Input<'_>, len: usize) -> Option<Argon2> {
    let algorithm = match input.algorithm {
        argon2::Algorithm::Argon2d => argon2_rust::Algorithm::Argon2d,
        argon2::Algorithm::Argon2i => argon2_rust::Algorithm::Argon2i,
        argon2::Algorithm::Argon2id => argon2_rust::Algorithm::Argon2id,
    };
    let version = match input.version {
        argon2::Version::V0x10 => argon2_rust::Version::V0x10,
        argon2::Version::V0x13 => argon2_rust::Version::V0x13,
    };
    let params = Params::builder()
        .memory(params::Memory::kib(input.params.m_cost().into()))
        .passes(input.params.t_cost())
        .lanes(input.params.p_cost())
        .tag_len(TagLen::bytes(u64::try_from(len).ok()?))
        .build();
    Some(Argon2::new(algorithm, version, params.ok()?))
}
