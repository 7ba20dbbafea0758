//! Texts that people type, cleaned as Django's `CharField` does.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::error::FieldError;
use crate::django::text::strip;

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

/// A text as searches compare it: without case, accents and what else keyboards elsewhere lack.
pub fn search_key(text: &str) -> String {
    let bare = text.nfkd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase);
    let mut key = String::with_capacity(text.len());
    for character in bare {
        match character {
            'ß' => key.push_str("ss"),
            'æ' => key.push_str("ae"),
            'œ' => key.push_str("oe"),
            'ø' => key.push('o'),
            'ł' => key.push('l'),
            'đ' | 'ð' => key.push('d'),
            'þ' => key.push_str("th"),
            'ı' => key.push('i'),
            character => key.push(character),
        }
    }
    key
}

/// A UUID in lower case with dashes, out of any of the spellings that Python's `uuid.UUID` takes.
pub fn uuid(text: &str) -> Option<String> {
    uuid::Uuid::try_parse(text).ok().map(|uuid| uuid.to_string())
}
