//! Lists that may be long: read and printed page by page, never held as a whole.

use anyhow::Result;

use super::print;

/// Prints entries, a page at a time, until there is none left: each on a line, or all as a JSON array. Where there are no
/// entries at all, people are told `nothing`.
pub(super) fn print_pages<T>(
    as_json: bool,
    nothing: &str,
    mut next_page: impl FnMut() -> Result<Vec<T>>,
    shown: impl Fn(&T) -> String,
) -> Result<()> {
    let mut begun = false;
    loop {
        let page = next_page()?;
        if page.is_empty() {
            break;
        }
        let mut text = String::new();
        for entry in &page {
            if as_json {
                text.push_str(if begun { ",\n " } else { "[\n " });
            }
            begun = true;
            text.push_str(&shown(entry));
        }
        print(&text)?;
    }
    match (as_json, begun) {
        (true, true) => print("\n]\n"),
        (true, false) => print("[]\n"),
        (false, true) => Ok(()),
        (false, false) => print(nothing),
    }
}
