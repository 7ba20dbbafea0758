//! Encryption of what the server must read again: AES-256-GCM with a key that is derived from the secret key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use super::SigningKey;
use crate::random::Random;

/// Separates the derived key from everything else that the secret key is used for.
const SALT: &[u8] = b"pledge4future-auth encryption";

/// Encrypts bytes. Only [`open`] with the same context and key can read the result, which is base64url.
///
/// The nonce is random, so a key should encrypt less than 2³² messages (NIST SP 800-38D §8.3).
pub fn seal(key: &SigningKey, random: &Random, context: &str, plaintext: &[u8]) -> anyhow::Result<String> {
    let nonce = random.bytes::<NONCE_LEN>();
    let mut sealed = plaintext.to_vec();
    derive(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
        .map_err(|_| anyhow::anyhow!("a value could not be encrypted"))?;
    Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
}

/// Decrypts what [`seal`] returned. Returns `None` if it was changed, or encrypted with another context or key.
pub fn open(key: &SigningKey, context: &str, sealed: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut buffer = ciphertext.to_vec();
    let key = derive(key).ok()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plaintext = key.open_in_place(nonce, Aad::from(context), &mut buffer).ok()?;
    Some(plaintext.to_vec())
}

fn derive(key: &SigningKey) -> anyhow::Result<LessSafeKey> {
    let derived = Salt::new(HKDF_SHA256, SALT).extract(key.bytes());
    let derived = derived.expand(&[], &AES_256_GCM).map(UnboundKey::from);
    Ok(LessSafeKey::new(derived.map_err(|_| anyhow::anyhow!("a key could not be derived"))?))
}
