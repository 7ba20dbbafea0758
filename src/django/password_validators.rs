//! Django's four password validators.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::common_passwords;

/// A password is rejected if its similarity to an attribute of its owner reaches this limit.
const MAX_SIMILARITY: f64 = 0.7;

/// Matches what Python's `\W+` matches. The regex crate's own `\W` counts combining marks as word characters.
static SEPARATORS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[^\p{L}\p{N}_]+").expect("the pattern is constant"));

/// Matches what Python's `str.isdigit` accepts: also superscript, subscript, circled and similar digits.
static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r"^[\p{Nd}²³¹\x{1369}-\x{1371}\x{19DA}\x{2070}\x{2074}-\x{2079}\x{2080}-\x{2089}",
        r"\x{2460}-\x{2468}\x{2474}-\x{247C}\x{2488}-\x{2490}\x{24EA}\x{24F5}-\x{24FD}\x{24FF}",
        r"\x{2776}-\x{277E}\x{2780}-\x{2788}\x{278A}-\x{2792}\x{10A40}-\x{10A43}",
        r"\x{10E60}-\x{10E68}\x{11052}-\x{1105A}\x{1F100}-\x{1F10A}]+$",
    );
    Regex::new(pattern).expect("the pattern is constant")
});

/// A reason to reject a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakness {
    pub message: Cow<'static, str>,
    pub code: &'static str,
}

/// The attributes that a password must not resemble, in the order in which Django compares them. Empty strings are
/// skipped.
#[derive(Default)]
pub struct Owner<'a> {
    pub username: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub email: &'a str,
}

/// Returns all reasons to reject a password, in Django's order.
pub fn weaknesses(password: &str, owner: &Owner<'_>, min_length: usize) -> Vec<Weakness> {
    let mut weaknesses = Vec::new();
    let mut add = |code, message: Cow<'static, str>| weaknesses.push(Weakness { message, code });
    if let Some(message) = similarity_to_owner(password, owner) {
        add("password_too_similar", message.into());
    }
    if password.chars().count() < min_length {
        let message = if min_length == 1 {
            format!("This password is too short. It must contain at least {min_length} character.")
        } else {
            format!("This password is too short. It must contain at least {min_length} characters.")
        };
        add("password_too_short", message.into());
    }
    if common_passwords::contains(password) {
        add("password_too_common", "This password is too common.".into());
    }
    if DIGITS.is_match(password) {
        add("password_entirely_numeric", "This password is entirely numeric.".into());
    }
    weaknesses
}

/// Returns the similarity of two strings, from 0 to 1: twice the number of common characters, in any order, divided
/// by the total number of characters.
pub fn similarity(a: &str, b: &str) -> f64 {
    CharCounts::of(a).similarity(&CharCounts::of(b))
}

/// Returns the message about the first attribute that a password resembles. A whole sentence for each attribute can be
/// translated.
fn similarity_to_owner(password: &str, owner: &Owner<'_>) -> Option<&'static str> {
    let attributes = [
        ("The password is too similar to the username.", owner.username),
        ("The password is too similar to the first name.", owner.first_name),
        ("The password is too similar to the last name.", owner.last_name),
        ("The password is too similar to the email.", owner.email),
    ];
    // Counted once, because it is compared with each part of each attribute.
    let password = CharCounts::of(&password.to_lowercase());
    let is_similar =
        |part: &str| CharCounts::of(&part.to_lowercase()).similarity(&password) >= MAX_SIMILARITY;
    let is_like = |value: &str| SEPARATORS.split(value).any(is_similar) || is_similar(value);
    attributes.into_iter().find(|(_, value)| !value.is_empty() && is_like(value)).map(|(message, _)| message)
}

/// The number of occurrences of each character in a string.
struct CharCounts {
    counts: HashMap<char, usize>,
    total: usize,
}

impl CharCounts {
    fn of(text: &str) -> Self {
        let mut counts = HashMap::new();
        for character in text.chars() {
            *counts.entry(character).or_default() += 1;
        }
        Self { counts, total: text.chars().count() }
    }

    /// The cost depends only on `self`, so `other` should be the longer string.
    fn similarity(&self, other: &Self) -> f64 {
        let total = self.total + other.total;
        // Two empty strings are equal, as in Python's difflib.
        if total == 0 {
            return 1.0;
        }
        let common: usize = self
            .counts
            .iter()
            .map(|(character, count)| *count.min(other.counts.get(character).unwrap_or(&0)))
            .sum();
        2.0 * common as f64 / total as f64
    }
}
