//! Makes strings from outside safe to display in a terminal or a log.

/// Returns whether a character changes how the surrounding text is displayed: control characters, line separators, and
/// characters that change the writing direction (UTS 55).
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Replaces unprintable characters, including line breaks, with spaces.
pub fn single_line(text: &str) -> String {
    text.replace(is_unprintable, " ")
}

/// Replaces unprintable characters other than line feeds and tabs with spaces.
pub fn multi_line(text: &str) -> String {
    text.replace(|character| is_unprintable(character) && !['\n', '\t'].contains(&character), " ")
}
