//! Django's password hashes `pbkdf2_sha256$rounds$salt$digest` and `pbkdf2_sha1$rounds$salt$digest`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Django 6 uses 1,200,000 rounds. Ten million take three seconds on a processor without instructions for SHA. A hash
/// with billions of rounds would occupy a thread for hours.
const MAX_ROUNDS: u32 = 10_000_000;

/// Computes a digest from a password, a salt and a number of rounds.
type Derive = fn(&[u8], &[u8], u32, &mut [u8]);

struct Hash<'a> {
    derive: Derive,
    rounds: u32,
    salt: &'a str,
    digest: Vec<u8>,
}

pub fn matches(password: &str, stored: &str) -> bool {
    parse(stored).is_some_and(|hash| {
        let mut derived = vec![0; hash.digest.len()];
        (hash.derive)(password.as_bytes(), hash.salt.as_bytes(), hash.rounds, &mut derived);
        derived.ct_eq(&hash.digest).into()
    })
}

/// Returns what is wrong with a hash, if anything. The message never contains a part of the hash.
pub fn problem_with(stored: &str) -> Option<String> {
    parse(stored).is_none().then(|| {
        format!(
            "Write the hash as pbkdf2_sha256$rounds$salt$digest or pbkdf2_sha1$rounds$salt$digest, with 1 to \
             {MAX_ROUNDS} rounds, a salt, and a digest of 32 or 20 bytes in base64."
        )
    })
}

fn parse(stored: &str) -> Option<Hash<'_>> {
    let (algorithm, rest) = stored.split_once('$')?;
    let (derive, len): (Derive, _) = match algorithm {
        "pbkdf2_sha256" => (pbkdf2::pbkdf2_hmac::<Sha256>, 32),
        "pbkdf2_sha1" => (pbkdf2::pbkdf2_hmac::<Sha1>, 20),
        _ => return None,
    };
    let (rounds, rest) = rest.split_once('$')?;
    let (salt, digest) = rest.split_once('$')?;
    let rounds = rounds.parse().ok().filter(|rounds| (1..=MAX_ROUNDS).contains(rounds))?;
    let digest = STANDARD.decode(digest).ok().filter(|digest| digest.len() == len)?;
    (!salt.is_empty()).then_some(Hash { derive, rounds, salt, digest })
}
