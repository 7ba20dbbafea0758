//! Reads the fields of an object. Invalid values are collected, so that one run reports many of them.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::source::key_of;
use crate::accounts::validation::text_errors;
use crate::clock::Timestamp;
use crate::transfer::file::parse_time;

/// The invalid values that are listed. The others are only counted.
const MAX_LISTED: usize = 50;

/// The invalid values of a site.
#[derive(Default)]
pub struct Faults {
    /// One sentence for each of the first.
    pub listed: Vec<String>,
    pub count: usize,
}

impl Faults {
    pub(super) fn add(&mut self, sentence: String) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(sentence);
        }
    }
}

/// An object, such as `people.customuser 17`.
pub(super) struct Entry<'a> {
    pub(super) name: String,
    pub(super) fields: &'a Map<String, Value>,
    pub(super) faults: &'a mut Faults,
}

impl Entry<'_> {
    pub(super) fn reject(&mut self, field: &str, problem: impl Display) {
        let separator = if field.is_empty() { "" } else { "." };
        self.faults.add(format!("{}{separator}{field}: {problem}", self.name));
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// Returns a string, or an empty one if it is missing.
    pub(super) fn string(&mut self, field: &str, max_length: usize) -> String {
        self.optional_string(field, max_length).unwrap_or_default()
    }

    pub(super) fn optional_string(&mut self, field: &str, max_length: usize) -> Option<String> {
        let Value::String(text) = self.get(field)?.clone() else {
            self.reject(field, "It must be a string.");
            return None;
        };
        for error in text_errors(&text, max_length) {
            self.reject(field, error.message);
        }
        Some(text)
    }

    /// Returns a string that must not be empty.
    pub(super) fn name(&mut self, field: &str, max_length: usize) -> String {
        let name = self.string(field, max_length);
        if name.is_empty() {
            self.reject(field, "It must not be empty.");
        }
        name
    }

    /// Returns a flag. SQLite stores it as 0 or 1.
    pub(super) fn flag(&mut self, field: &str, default: bool) -> bool {
        match self.get(field) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) if number.as_u64().is_some_and(|number| number < 2) => {
                number.as_u64() == Some(1)
            }
            Some(_) => {
                self.reject(field, "It must be true or false.");
                default
            }
        }
    }

    /// Returns an integer within the range of GraphQL's `Int`.
    pub(super) fn integer(&mut self, field: &str) -> Option<i64> {
        let number = self.get(field)?.as_i64().filter(|number| i32::try_from(*number).is_ok());
        if number.is_none() {
            self.reject(field, format_args!("It must be an integer from {} to {}.", i32::MIN, i32::MAX));
        }
        number
    }

    /// Returns the key of another object.
    pub(super) fn reference(&mut self, field: &str) -> Option<String> {
        let value = self.get(field)?;
        let key = key_of(value);
        if value.is_array() {
            self.reject(field, "It is a natural key. Make the dump without --natural-foreign.");
        } else if key.is_none() {
            self.reject(field, "It must be the key of another object: an integer or a UUID.");
        }
        key
    }

    pub(super) fn required_reference(&mut self, field: &str) -> String {
        self.require(field);
        self.reference(field).unwrap_or_default()
    }

    pub(super) fn require(&mut self, field: &str) {
        if self.get(field).is_none() {
            self.reject(field, "It is missing.");
        }
    }

    /// Returns a time. Without a time zone, it is in UTC, as Django stores it.
    pub(super) fn time(&mut self, field: &str) -> Option<Timestamp> {
        let text = self.get(field)?.as_str();
        let time = text.and_then(|text| {
            let text = text.replacen(' ', "T", 1);
            parse_time(&text).or_else(|| parse_time(&format!("{text}Z")))
        });
        if time.is_none() {
            self.reject(field, "It must be a time in UTC since 1970, such as 2021-08-08T17:22:56.123Z.");
        }
        time
    }
}
