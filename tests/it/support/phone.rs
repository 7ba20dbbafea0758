//! An authenticator app on a phone: it scans a QR code and shows codes (RFC 6238).

use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::percent_decode_str;
use sha1::Sha1;
use url::Url;

/// The alphabet of base32.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The seconds after which a new code is shown.
const PERIOD: i64 = 30;

/// An authenticator app with one account.
#[derive(Debug, Clone)]
pub struct Phone {
    secret: Vec<u8>,
    issuer: String,
    account_name: String,
}

impl Phone {
    /// Adds the account of a URI that begins with `otpauth://totp/`. Panics if common apps would misread the URI.
    pub fn scan(uri: &str) -> Self {
        let address = Url::parse(uri).unwrap_or_else(|error| panic!("{uri}: {error}"));
        assert_eq!((address.scheme(), address.host_str()), ("otpauth", Some("totp")), "{uri}");
        assert!(
            !address.query().is_some_and(|query| query.contains('+')),
            "some apps do not read + as a space: {uri}"
        );
        let parameter = |name: &str| {
            let mut values = address.query_pairs().filter(|(known, _)| known == name);
            let value = values.next().map(|(_, value)| value.into_owned());
            assert!(values.next().is_none(), "{name} is repeated: {uri}");
            value
        };
        // Many apps ignore these parameters.
        for (name, default) in [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")] {
            assert_eq!(parameter(name).unwrap_or_else(|| default.to_owned()), default, "{name}: {uri}");
        }
        let label = address.path().trim_start_matches('/');
        let label = percent_decode_str(label).decode_utf8().expect("a label in UTF-8");
        let issuer = parameter("issuer").unwrap_or_else(|| panic!("no issuer: {uri}"));
        let account_name = match label.split_once(':') {
            Some((prefix, name)) => {
                assert_eq!(prefix, issuer, "the label names another issuer: {uri}");
                name.trim_start().to_owned()
            }
            None => label.into_owned(),
        };
        let secret = decode_base32(&parameter("secret").unwrap_or_else(|| panic!("no secret: {uri}")));
        assert!(secret.len() >= 16, "RFC 4226 requires a secret of 128 bits: {uri}");
        Self { secret, issuer, account_name }
    }

    /// The bytes that the phone shares with the server.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub fn account_name(&self) -> &str {
        &self.account_name
    }

    /// Returns the code that is shown at a time, in seconds since 1970.
    pub fn code_at(&self, seconds: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.secret).expect("any length is valid");
        mac.update(&seconds.div_euclid(PERIOD).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let start = usize::from(hash[19] & 0xf);
        let chosen = hash[start..start + 4].try_into().expect("four bytes");
        format!("{:06}", (u32::from_be_bytes(chosen) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Decodes base32 without padding. It is written by hand because tests must not share the code of the program.
fn decode_base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut pending, mut bits) = (Vec::new(), 0_usize, 0);
    for character in text.chars() {
        let value = ALPHABET.find(character).unwrap_or_else(|| panic!("{character:?} is not base32: {text}"));
        pending = pending << 5 | value;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(pending >> bits).expect("eight bits"));
            pending &= (1 << bits) - 1;
        }
    }
    assert!(bits < 5 && pending == 0, "{text} ends with unused bits");
    bytes
}
