//! Search keys and UUIDs.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Returns a string as searches compare it: in lower case, without accents, and with ASCII letters in place of some
/// others.
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

/// Returns a UUID in lower case with dashes, from any spelling that Python's `uuid.UUID` takes.
pub fn uuid(text: &str) -> Option<String> {
    uuid::Uuid::try_parse(text).ok().map(|uuid| uuid.to_string())
}
