use anyhow::Result;

use super::output::print;

/// Prints a list page by page, so that a long list is never in memory as a whole: one entry per line, or a JSON array.
/// Prints `empty` instead of an empty list of lines.
pub(super) fn print_paged<T>(
    as_json: bool,
    empty: &str,
    mut next_page: impl FnMut() -> Result<Vec<T>>,
    format: impl Fn(&T) -> String,
) -> Result<()> {
    let mut is_first = true;
    loop {
        let page = next_page()?;
        if page.is_empty() {
            break;
        }
        let mut text = String::new();
        for entry in &page {
            if as_json {
                text.push_str(if is_first { "[\n " } else { ",\n " });
            }
            is_first = false;
            text.push_str(&format(entry));
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
