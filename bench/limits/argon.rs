use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use pledge4future_auth::config;
use subtle::ConstantTimeEq as _;

use crate::print_rate;

const PASSWORD: &[u8] = b"correct-horse-battery";
const SALT: &[u8] = b"0123456789abcdef";

/// Verifies one password on all threads at the same time. Each thread keeps its memory, as the server does.
pub fn run(duration: Duration, threads: usize) -> Result<()> {
    let cost = config::load_text("")?.config.passwords;
    let kibibytes = u32::try_from(cost.memory.as_u64() / 1024)?;
    let params = Params::new(kibibytes, cost.iterations, cost.parallelism, None)
        .map_err(|error| anyhow!("{error}"))?;
    let began = Instant::now();
    let counts = thread::scope(|scope| {
        let verify = || verify_until(began + duration, &params);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(verify)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a thread does not panic"))
            .collect::<Result<Vec<_>>>()
    })?;
    print_rate(counts.iter().sum(), began.elapsed());
    Ok(())
}

fn verify_until(end: Instant, params: &Params) -> Result<u64> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut memory = vec![Block::default(); params.block_count()];
    let mut hash = || {
        let mut hash = [0; 32];
        let computed = argon2.hash_password_into_with_memory(PASSWORD, SALT, &mut hash, &mut memory);
        computed.map(|()| hash).map_err(|error| anyhow!("{error}"))
    };
    let expected = hash()?;
    let mut count = 0;
    while Instant::now() < end {
        ensure!(bool::from(hash()?.ct_eq(&expected)), "two hashes of one password differ");
        count += 1;
    }
    Ok(count)
}
