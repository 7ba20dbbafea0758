//! Pages of lists: a page is read with one more entry, which tells whether there are others.

/// Returns how many entries to read for a page of at most `limit`.
pub fn to_read(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// Shortens the entries that were read to a page of at most `limit`. Returns whether there are more.
pub fn cut<T>(entries: &mut Vec<T>, limit: usize) -> bool {
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    has_more
}
