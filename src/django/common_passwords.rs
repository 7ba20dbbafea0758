use std::collections::HashSet;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

use super::text::strip;

/// `contrib/auth/common-passwords.txt.gz` of Django 3.1.7 (BSD-3-Clause), derived from Royce Williams' list:
/// <https://gist.github.com/roycewilliams/281ce539915a947a23db17137d91aeb7>.
static COMPRESSED: &[u8] = include_bytes!("../../assets/common-passwords.txt.gz");

static ENTRIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let mut text = String::new();
    GzDecoder::new(COMPRESSED).read_to_string(&mut text).expect("the embedded list is gzip of UTF-8");
    text.leak().lines().map(str::trim).collect()
});

/// Returns whether the password, trimmed and in lower case, is on the list.
pub fn contains(password: &str) -> bool {
    ENTRIES.contains(strip(&password.to_lowercase()))
}

pub fn entries() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().copied()
}
