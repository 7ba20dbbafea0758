//! Computes Argon2 in memory that is reused: with the crate `argon2`, or with `argon2-rust` if the cargo feature
//! `fast-argon2` is on.

#[cfg(feature = "fast-argon2")]
mod fast;
#[cfg(feature = "fast-argon2")]
mod self_test;
#[cfg(not(feature = "fast-argon2"))]
mod standard;

use argon2::{Algorithm, Argon2, Params, Version};

#[cfg(feature = "fast-argon2")]
pub use fast::Memory;
#[cfg(feature = "fast-argon2")]
pub use self_test::self_test;
#[cfg(not(feature = "fast-argon2"))]
pub use standard::Memory;

/// All that a hash depends on, apart from its length.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub algorithm: Algorithm,
    pub version: Version,
    pub params: &'a Params,
    pub password: &'a [u8],
    pub salt: &'a [u8],
}

impl Input<'_> {
    /// Computes a hash with the crate `argon2`, in new memory. Returns `None` if Argon2 does not permit the length of the
    /// salt or of the hash, or if there is not enough memory.
    pub fn hash(&self, out: &mut [u8]) -> Option<()> {
        self.argon2().hash_password_into(self.password, self.salt, out).ok()
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.params.clone())
    }
}
