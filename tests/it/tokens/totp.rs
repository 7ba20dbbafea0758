//! Codes of authenticator apps.

use pledge4future_auth::clock::Timestamp;
use pledge4future_auth::tokens::totp;

/// The secret of RFC 6238, appendix B, for SHA-1.
const SECRET: &[u8] = b"12345678901234567890";

/// The times of RFC 6238, appendix B, with the last six of the eight digits.
const VECTORS: [(i64, &str); 6] = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
];

#[test]
fn the_codes_of_rfc_6238_are_accepted_within_one_step() {
    for (seconds, code) in VECTORS {
        let check = |seconds| totp::check(SECRET, code, Timestamp::from_seconds(seconds));
        let step = seconds / 30;
        for drift in [-30, 0, 30] {
            assert_eq!(check(seconds + drift), Some(step), "{seconds} {drift}");
        }
        for drift in [-60, 60] {
            assert_eq!(check(seconds + drift), None, "{seconds} {drift}");
        }
    }
}

#[test]
fn only_six_digits_are_a_code() {
    let now = Timestamp::from_seconds(59);
    for wrong in ["", "28708", "94287082", "287083", "28708a", "２８７０８２", "+87082", "287082\0"] {
        assert_eq!(totp::check(SECRET, wrong, now), None, "{wrong:?}");
    }
}
