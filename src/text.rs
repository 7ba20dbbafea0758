//! Conversions of strings: search keys and UUIDs.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Returns the string that searches compare: in lower case, without accents, and with some letters replaced with ASCII.
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

/// Parses a UUID like Python's `uuid.UUID`, which ignores prefixes, braces and dashes. Returns it in lower case with dashes.
pub fn uuid(text: &str) -> Option<String> {
    let digits = text.replace("urn:", "").replace("uuid:", "");
    let digits = digits.trim_matches(['{', '}']).replace('-', "");
    uuid::Uuid::try_parse(&digits).ok().map(|uuid| uuid.to_string())
}
