//! Password hashes, compared with those of Django.

use pledge4future_auth::config;
use pledge4future_auth::passwords::{Hasher, PasswordCheck, problem_with};
use pledge4future_auth::random::Random;
use serde_json::Value;

use crate::support::vectors::{list, text, vectors};

const SCHEMES: [&str; 5] = ["argon2", "bcrypt_sha256", "pbkdf2_sha1", "pbkdf2_sha256", "scrypt"];

const PASSWORD: &str = "kelp-Forest-41";

fn hasher() -> Hasher {
    let loaded = config::load_text("passwords.memory = \"64 KiB\"\npasswords.iterations = 1\n");
    let config = loaded.expect("a valid configuration").config;
    Hasher::new(&config.passwords, Random::seeded(7)).expect("valid parameters of Argon2")
}

fn assert_matches(hasher: &Hasher, hash: &Value, check: &Value) {
    let result = hasher.verify(text(&check["password"]), Some(text(hash)));
    let expected =
        if check["matches"] == true { PasswordCheck::RightButOutdated } else { PasswordCheck::Wrong };
    assert_eq!(result, expected, "{check} against {hash}");
}

/// Asserts that a hash is refused in a sentence without any part of it, and that no password matches it.
#[track_caller]
fn assert_refused(hasher: &Hasher, hash: &str) -> String {
    let problem = problem_with(hash).unwrap_or_else(|| panic!("{hash} is accepted"));
    let mut parts = hash.split('$').filter(|part| part.len() > 20);
    assert!(parts.all(|part| !problem.contains(part)), "{problem}");
    assert_eq!(hasher.verify(PASSWORD, Some(hash)), PasswordCheck::Wrong, "{hash}");
    problem
}

#[test]
fn passwords_match_the_hashes_of_django() {
    let (vectors, hasher) = (vectors(), hasher());
    for case in SCHEMES.iter().flat_map(|scheme| list(&vectors["password_hashes"][scheme])) {
        assert_eq!(problem_with(text(&case["hash"])), None, "{case}");
        for check in list(&case["checks"]) {
            assert_matches(&hasher, &case["hash"], check);
        }
    }
}

#[test]
fn a_broken_hash_matches_no_password() {
    let hasher = hasher();
    for case in list(&vectors()["password_hashes"]["broken"]) {
        assert_eq!(case["matches"], false, "{case}");
        assert_matches(&hasher, &case["hash"], case);
    }
}

#[test]
fn a_hash_of_another_scheme_is_refused_with_the_list_of_schemes() {
    let hasher = hasher();
    for hash in [
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "md5$seasalt$1b693e470b7122252a27c460dcaca0a6",
        "sha1$seasalt$b2523179b5eccefbaaa30d3677e3ac08d0f92db8",
        "bcrypt$$2b$04$Ixb.oIogfs/NQED9RBnSL.TTPEk9lIGECBdGM/9Vz4mg.ys9iWeO.",
        "$2b$04$Ixb.oIogfs/NQED9RBnSL.TTPEk9lIGECBdGM/9Vz4mg.ys9iWeO.",
        "$scrypt$ln=10,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$Io+KmCjF8eqaHqTAahKsXRFBMBamLPLy+/V4mds6iZ0",
        "crypt$$ab5IJpu6C7UnU",
        PASSWORD,
    ] {
        let problem = assert_refused(&hasher, hash);
        assert!(SCHEMES.iter().all(|scheme| problem.contains(scheme)), "{hash}: {problem}");
    }
}

#[test]
fn a_hash_is_accepted_up_to_the_limits_of_its_cost() {
    let hasher = hasher();
    let bcrypt =
        |cost| format!("bcrypt_sha256$$2b${cost}$6fNKYqi31VII4nUmsG8RFOXnUhiNONSbQFE/wKV0UNJf.tfTs8/na");
    let pbkdf2 = |rounds| format!("pbkdf2_sha1${rounds}$seasalt$CydNLt7lDqPoL2+XzHwOyB4tYR0=");
    let argon2 = |cost| format!("argon2$argon2i$v=19${cost}$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA");
    let scrypt = |n, r, p| format!("scrypt${n}$seasalt${r}${p}${}==", "A".repeat(86));
    let accepted = [
        bcrypt("04"),
        bcrypt("16"),
        pbkdf2("1"),
        pbkdf2("10000000"),
        argon2("m=1048576,t=8,p=4"),
        argon2("m=8,t=1048576,p=1"),
        scrypt("1024", "8192", "1"),
        scrypt("1024", "1", "8192"),
        scrypt("1048576", "8", "1"),
        scrypt("8388608", "1", "1"),
    ];
    for hash in accepted {
        assert_eq!(problem_with(&hash), None, "{hash}");
    }
    let refused = [
        bcrypt("03"),
        bcrypt("17"),
        bcrypt("31"),
        bcrypt("99"),
        bcrypt("+4"),
        pbkdf2("0"),
        pbkdf2("10000001"),
        pbkdf2("4294967296"),
        argon2("m=1048577,t=1,p=1"),
        argon2("m=1048576,t=9,p=1"),
        argon2("m=8,t=1048577,p=1"),
        argon2("m=4294967295,t=4294967295,p=1"),
        scrypt("0", "8", "1"),
        scrypt("512", "8", "1"),
        scrypt("1025", "8", "1"),
        scrypt("1024", "0", "1"),
        scrypt("1024", "8", "0"),
        scrypt("1024", "8192", "2"),
        scrypt("1048576", "8", "2"),
        scrypt("16777216", "1", "1"),
        scrypt("2147483648", "4294967295", "4294967295"),
        scrypt("1180591620717411303424", "1", "1"),
    ];
    for hash in refused {
        assert_refused(&hasher, &hash);
    }
}
