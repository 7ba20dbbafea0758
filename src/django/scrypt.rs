//! Django's password hashes `scrypt$n$salt$r$p$digest`.

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrypt::Params;
use subtle::ConstantTimeEq as _;

/// Django uses 16,384. With a smaller `n`, `r` and `p` could need more memory than `n`.
const MIN_N: u32 = 1024;

/// The limit of `n * r * p`, to which time is proportional. Django 5 uses 655,360. This one takes three to five seconds
/// and, with `p` = 1, 1 GiB.
const MAX_WORK: u128 = 1 << 23;

/// scrypt needs `BLOCK_LEN * n * r` bytes.
const BLOCK_LEN: u64 = 128;

struct Hash<'a> {
    params: Params,
    salt: &'a str,
    digest: [u8; 64],
}

pub fn matches(password: &str, stored: &str) -> bool {
    parse(stored).is_some_and(|hash| {
        let mut derived = [0; 64];
        has_memory(&hash.params)
            && scrypt::scrypt(password.as_bytes(), hash.salt.as_bytes(), &hash.params, &mut derived).is_ok()
            && derived.ct_eq(&hash.digest).into()
    })
}

/// Returns what is wrong with a hash, if anything. The message never contains a part of the hash.
pub fn problem_with(stored: &str) -> Option<String> {
    parse(stored).is_none().then(|| {
        format!(
            "Write the hash as scrypt$n$salt$r$p$digest, where n is a power of two from {MIN_N}, n * r * p is at most \
             {MAX_WORK}, and digest is the base64 of 64 bytes."
        )
    })
}

fn parse(stored: &str) -> Option<Hash<'_>> {
    let parts: Vec<&str> = stored.split('$').collect();
    let ["scrypt", n, salt, r, p, digest] = parts[..] else { return None };
    let [n, r, p] = [n.parse::<u32>().ok()?, r.parse().ok()?, p.parse().ok()?];
    let work = u128::from(n) * u128::from(r) * u128::from(p);
    if n < MIN_N || !n.is_power_of_two() || work > MAX_WORK || salt.is_empty() {
        return None;
    }
    let params = Params::new(u8::try_from(n.ilog2()).ok()?, r, p).ok()?;
    Some(Hash { params, salt, digest: STANDARD.decode(digest).ok()?.try_into().ok()? })
}

/// Whether there is enough memory. Without it, the library would end the program.
fn has_memory(params: &Params) -> bool {
    let len = BLOCK_LEN * params.n() * u64::from(params.r());
    let mut probe = Vec::<u8>::new();
    let reserved = usize::try_from(len).is_ok_and(|len| probe.try_reserve_exact(len).is_ok());
    // Otherwise the compiler would leave out an allocation that nothing uses.
    black_box(&probe);
    reserved
}
