//! The crate `argon2`.

use argon2::Block;

use super::Input;

/// Memory that hashes use one after the other. It is as large as the largest of them needed.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// Computes a hash. Returns `None` where [`Input::hash`] does.
    pub fn hash(&mut self, input: &Input<'_>, out: &mut [u8]) -> Option<()> {
        let count = input.params.block_count();
        if self.0.len() < count {
            self.0.try_reserve_exact(count - self.0.len()).ok()?;
            self.0.resize(count, Block::default());
        }
        let memory = &mut self.0[..count];
        input.argon2().hash_password_into_with_memory(input.password, input.salt, out, memory).ok()
    }
}
