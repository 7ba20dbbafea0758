//! Python's string functions.

/// Removes white space at both ends, as `str.strip` does. Python also removes four separators that Unicode does not
/// count as white space.
pub fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}
