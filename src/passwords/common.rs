//! The list of common passwords.

use std::collections::HashSet;
use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;

/// `contrib/auth/common-passwords.txt.gz` of Django 3.1.7 (BSD-3-Clause), derived from Royce Williams' list:
/// <https://gist.github.com/roycewilliams/281ce539915a947a23db17137d91aeb7>.
static PACKED: &[u8] = include_bytes!("../../assets/common-passwords.txt.gz");

static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    GzDecoder::new(PACKED).read_to_string(&mut text).expect("the embedded list is gzip of UTF-8");
    text
});

static ENTRIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| TEXT.lines().map(str::trim).collect());

/// Returns whether the password, trimmed and in lower case, is on the list.
pub fn is_common(password: &str) -> bool {
    ENTRIES.contains(password.to_lowercase().trim_matches(is_python_space))
}

/// Returns all entries of the list, in no particular order.
pub fn entries() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().copied()
}

/// Python's `str.strip` also removes four separators that Unicode does not count as white space.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}
