//! Global ids and cursors of Relay, in the format of `graphql-relay` 2 for Python.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const CURSOR: &str = "arrayconnection:";

/// Returns the global id of an object: base64 of `Type:id`.
pub fn to_global_id(type_name: &str, id: &str) -> String {
    STANDARD.encode(format!("{type_name}:{id}"))
}

/// Splits a global id into type and id.
pub fn from_global_id(global_id: &str) -> Option<(String, String)> {
    let decoded = unbase64(global_id)?;
    let (type_name, id) = decoded.split_once(':')?;
    Some((type_name.to_owned(), id.to_owned()))
}

/// Returns the cursor of the entry at an offset: base64 of `arrayconnection:offset`.
pub fn to_cursor(offset: i64) -> String {
    STANDARD.encode(format!("{CURSOR}{offset}"))
}

/// Returns the offset of a cursor, or `None` if the string is not a cursor. Spaces around the offset are ignored, as
/// Python's `int` does.
pub fn from_cursor(cursor: &str) -> Option<i64> {
    unbase64(cursor)?.strip_prefix(CURSOR)?.trim().parse().ok()
}

/// Ignores characters outside the alphabet, as Python's `b64decode` does.
fn unbase64(string: &str) -> Option<String> {
    let in_alphabet =
        |character: &char| character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=');
    let base64: String = string.chars().filter(in_alphabet).collect();
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}
