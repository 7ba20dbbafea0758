//! Codes of authenticator apps (RFC 6238): six digits, SHA-1, steps of 30 seconds, as all apps support them.

use totp_rs::{Builder, Secret, Totp};

use crate::clock::Timestamp;
use crate::random::Random;

/// The length of a secret in bytes, which RFC 4226 §4 recommends.
pub const SECRET_BYTES: usize = 20;

/// Returns a new secret.
pub fn new_secret(random: &Random) -> [u8; SECRET_BYTES] {
    random.bytes()
}

/// Returns the secret in base32, as people type it into an app.
pub fn to_base32(secret: &[u8]) -> String {
    Secret::from(secret).to_base32()
}

/// Returns the address that apps read from a QR code (Key Uri Format of Google Authenticator).
pub fn uri(secret: &[u8], site: &str, account: &str) -> anyhow::Result<String> {
    // The format separates the site from the account with a colon.
    let without_colons = |text: &str| text.replace(':', " ");
    let builder = builder(secret).with_account_name(without_colons(account));
    Ok(builder.with_issuer(Some(without_colons(site))).build()?.to_url()?)
}

/// Returns the time step of a code, or `None` if the code is wrong. Accepts the codes of the step before and the step after as
/// well, because clocks differ (RFC 6238 §5.2). The caller ensures that a step is used once.
pub fn check(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let totp: Totp = builder(secret).with_account_name("account").build().ok()?;
    let step = totp.check(code, u64::try_from(now.seconds()).ok()?)?;
    i64::try_from(step).ok()
}

fn builder(secret: &[u8]) -> Builder {
    Builder::new().with_secret(secret)
}
