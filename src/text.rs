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

/// The most digits in [`plain_words`]: enough for a year or the number of a project, too few for a telephone number.
const MAX_PLAIN_DIGITS: usize = 4;

/// Returns a name that its owner chose freely in a form that may be mailed to strangers: shortened, and `None` if it could
/// contain a link, an address or a telephone number. Mail programs make links of words with dots in them.
pub fn plain_words(text: &str, max_length: usize) -> Option<String> {
    let is_too_long = text.chars().count() > max_length;
    let shortened: String = text.chars().take(max_length).collect();
    let shortened = shortened.trim();
    let is_plain = |character: char| character.is_alphanumeric() || " -_'’&,()".contains(character);
    let are_dots_plain = shortened.split('.').skip(1).all(|after| after.is_empty() || after.starts_with(' '));
    let digits = shortened.chars().filter(|character| character.is_numeric()).count();
    let is_plain = are_dots_plain
        && digits <= MAX_PLAIN_DIGITS
        && shortened.chars().any(char::is_alphabetic)
        && shortened.chars().all(|character| character == '.' || is_plain(character));
    is_plain.then(|| format!("{shortened}{}", if is_too_long { "…" } else { "" }))
}

/// Parses a UUID like Python's `uuid.UUID`, which ignores prefixes, braces and dashes. Returns it in lower case with dashes.
pub fn uuid(text: &str) -> Option<String> {
    let digits = text.replace("urn:", "").replace("uuid:", "");
    let digits = digits.trim_matches(['{', '}']).replace('-', "");
    uuid::Uuid::try_parse(&digits).ok().map(|uuid| uuid.to_string())
}
