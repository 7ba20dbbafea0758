//! Texts that people type, cleaned as Django's `CharField` does.

use super::error::FieldError;

/// Takes white space off both ends, as Python's `str.strip` does.
pub fn strip(text: &str) -> &str {
    // Python also takes four separators that Unicode does not call white space.
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}

/// The text without white space around it, or what is wrong with it, in Django's order.
pub fn clean_text(raw: &str, max_length: usize) -> Result<String, Vec<FieldError>> {
    let text = strip(raw);
    let complaints = complaints(text, max_length);
    if complaints.is_empty() { Ok(text.to_owned()) } else { Err(complaints) }
}

/// What no text may be: longer than its limit in characters, or with NUL inside.
pub fn complaints(text: &str, max_length: usize) -> Vec<FieldError> {
    let length = text.chars().count();
    let too_long = (length > max_length).then(|| FieldError::too_long(max_length, length));
    let with_nul = text.contains('\0').then_some(FieldError::NULL_CHARACTERS);
    too_long.into_iter().chain(with_nul).collect()
}
