//! Global ids and cursors of Relay, as graphql-relay 2 writes and reads them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const CURSOR: &str = "arrayconnection:";

/// The global id of an object: base64 of `Type:id`.
pub fn to_global_id(type_name: &str, id: &str) -> String {
    STANDARD.encode(format!("{type_name}:{id}"))
}

/// Type and id behind a global id, if it is one.
pub fn from_global_id(global_id: &str) -> Option<(String, String)> {
    let text = unbase64(global_id)?;
    let (type_name, id) = text.split_once(':')?;
    Some((type_name.to_owned(), id.to_owned()))
}

/// The cursor of the entry with this offset: base64 of `arrayconnection:offset`.
pub fn to_cursor(offset: i64) -> String {
    STANDARD.encode(format!("{CURSOR}{offset}"))
}

/// The offset behind a cursor; a text that is no cursor is overlooked.
pub fn from_cursor(cursor: &str) -> Option<i64> {
    unbase64(cursor)?.strip_prefix(CURSOR)?.trim().parse().ok()
}

/// Overlooks characters outside the alphabet, as Python's `b64decode` does.
fn unbase64(text: &str) -> Option<String> {
    let in_alphabet =
        |character: &char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=');
    let text: String = text.chars().filter(in_alphabet).collect();
    String::from_utf8(STANDARD.decode(text).ok()?).ok()
}
