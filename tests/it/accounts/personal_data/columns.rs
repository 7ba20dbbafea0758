//! No column of the database is forgotten in an export, an erasure or `docs/privacy.md`.

mod list;

use std::collections::{BTreeMap, BTreeSet};

use pledge4future_auth::store::tables::TABLES;
use regex::Regex;
use serde_json::Value;

use list::{Export, OnErasure, STORED_TABLES};

/// Returns every column as its table and its name, with what happens to it.
fn columns() -> impl Iterator<Item = (String, &'static Export, &'static OnErasure)> {
    STORED_TABLES.iter().flat_map(|table| {
        table
            .columns
            .iter()
            .map(|(name, export, erasure)| (format!("{}.{name}", table.name), export, erasure))
    })
}

/// Asserts that an export has a value for each column that is exported. The keys of Django need no imported site.
pub fn assert_complete(data: &Value) {
    for (column, export, _) in columns() {
        if let Export::As(path) = export {
            assert!(has(data, path), "{column} should be exported as {path}");
        }
    }
}

/// Returns whether there is a member at this path, in any element of a list.
fn has(data: &Value, path: &str) -> bool {
    if let Value::Array(list) = data {
        return list.iter().any(|element| has(element, path));
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(member) = data.get(first) else { return false };
    rest.is_empty() || has(member, rest)
}

#[test]
fn every_column_is_exported_or_withheld_and_erased_or_kept() {
    let schema: BTreeSet<String> = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|column| format!("{}.{column}", table.name)))
        .collect();
    assert_eq!(columns().map(|(column, ..)| column).collect::<BTreeSet<_>>(), schema);
    for (column, export, erasure) in columns() {
        if let Export::Withheld(reason) = export {
            assert!(!reason.is_empty(), "{column}");
        }
        if let OnErasure::Kept(reason) = erasure {
            assert!(!reason.is_empty(), "{column}");
        }
    }
}

/// Returns what `docs/privacy.md` says about each column: the third and the fourth cell of its row. A row begins with a table
/// and its columns, such as `audit`: `at`, `event`.
fn documented() -> BTreeMap<String, (String, String)> {
    let text = include_str!("../../../../docs/privacy.md");
    let name = Regex::new("`([a-z_0-9]+)`").expect("a pattern");
    let mut documented = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").map(str::trim).collect();
        let [what, _, exported, erased, ..] = cells.as_slice() else { continue };
        let Some((table, columns)) = what.split_once(": ") else { continue };
        for column in name.captures_iter(columns) {
            let column = format!("{}.{}", table.trim_matches('`'), &column[1]);
            let earlier = documented.insert(column.clone(), ((*exported).to_owned(), (*erased).to_owned()));
            assert_eq!(earlier, None, "{column} is documented twice");
        }
    }
    documented
}

#[test]
fn the_documentation_says_what_happens_to_every_column() {
    let mut documented = documented();
    for (column, export, erasure) in columns() {
        let (exported, erased) =
            documented.remove(&column).unwrap_or_else(|| panic!("{column} is not documented"));
        assert_eq!(exported != "no", matches!(export, Export::As(_)), "{column}: exported: {exported}");
        let is_kept = matches!(erasure, OnErasure::Kept(_));
        assert_eq!(erased.starts_with("kept"), is_kept, "{column}: after a deletion: {erased}");
        assert_eq!(erased.starts_with("erased"), !is_kept, "{column}: after a deletion: {erased}");
    }
    assert!(documented.is_empty(), "these columns do not exist: {documented:?}");
}
