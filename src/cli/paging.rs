use anyhow::Result;
use serde_json::Value;

use super::output::{json_line, print};

/// Prints a list as a JSON array or as lines, or `empty` if there are no lines. A long list has several pages, so that it
/// is never in memory as a whole. It ends at an empty page or after the last one.
pub(super) fn print_list<T>(
    as_json: bool,
    pages: impl Iterator<Item = Result<Vec<T>>>,
    empty: &str,
    to_json: impl Fn(&T) -> Value,
    to_line: impl Fn(&T) -> String,
) -> Result<()> {
    let mut is_first = true;
    for page in pages {
        let page = page?;
        if page.is_empty() {
            break;
        }
        let mut text = String::new();
        for entry in &page {
            if as_json {
                text.push_str(if is_first { "[\n " } else { ",\n " });
                text.push_str(&json_line(&to_json(entry)));
            } else {
                text.push_str(&to_line(entry));
            }
            is_first = false;
        }
        print(&text)?;
    }
    match (as_json, is_first) {
        (true, true) => print("[]\n"),
        (true, false) => print("\n]\n"),
        (false, true) => print(empty),
        (false, false) => Ok(()),
    }
}
