//! Decodes typed values from JSON. Errors are collected, so that one run reports all of them.
//!
//! For an invalid value, a function returns an empty one. It is never used, because callers must reject a file with errors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::Fault;
use crate::printable::single_line;

/// A JSON object, with its path within the file, such as `users[3]`.
pub(super) struct Object<'a> {
    path: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    fn path_of(&self, key: &str) -> String {
        let key = if key.is_empty() { "\"\"".to_owned() } else { single_line(key) };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    /// Returns a field, or `None` if it is missing or null.
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }
}

#[derive(Default)]
pub(super) struct Decoder {
    /// The errors so far.
    pub(super) faults: Vec<Fault>,
    /// The paths of the values that must be unique. The key is the kind of a value, such as "username", and the value.
    seen: HashMap<(&'static str, String), String>,
}

impl Decoder {
    /// Adds an error about a field.
    pub(super) fn reject(&mut self, object: &Object<'_>, key: &str, problem: impl Display) {
        self.reject_at(object.path_of(key), problem);
    }

    fn reject_at(&mut self, path: String, problem: impl Display) {
        self.faults.push(Fault { path, problem: problem.to_string() });
    }

    /// Returns the object that makes up the file. `known` are the names of its fields.
    pub(super) fn file<'a>(&mut self, value: &'a Value, known: &[&str]) -> Option<Object<'a>> {
        if !value.is_object() {
            self.reject_at("file".into(), "Make the whole file one object, in braces.");
            return None;
        }
        self.object(value, String::new(), known)
    }

    fn object<'a>(&mut self, value: &'a Value, path: String, known: &[&str]) -> Option<Object<'a>> {
        let Value::Object(fields) = value else {
            self.reject_at(path, "Write an object, in braces.");
            return None;
        };
        let object = Object { path, fields };
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            let problem = format!("Remove this unknown field; the known fields are {}.", known.join(", "));
            self.reject(&object, key, problem);
        }
        Some(object)
    }

    /// Returns a nested object, or `None` if it is missing.
    pub(super) fn child<'a>(&mut self, object: &Object<'a>, key: &str, known: &[&str]) -> Option<Object<'a>> {
        self.object(object.get(key)?, object.path_of(key), known)
    }

    /// Decodes the objects of a list with the given function. Returns an empty list if it is missing.
    pub(super) fn list<T>(
        &mut self,
        object: &Object<'_>,
        key: &str,
        known: &[&str],
        decode: fn(&mut Decoder, &Object<'_>) -> T,
    ) -> Vec<T> {
        let Some(value) = object.get(key) else { return Vec::new() };
        let Some(elements) = value.as_array() else {
            self.reject(object, key, "Write a list of objects, in square brackets.");
            return Vec::new();
        };
        let mut entries = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{}[{index}]", object.path_of(key));
            if let Some(element) = self.object(element, path, known) {
                entries.push(decode(self, &element));
            }
        }
        entries
    }

    /// Adds an error if a field is missing.
    pub(super) fn require(&mut self, object: &Object<'_>, key: &str) {
        if object.get(key).is_none() {
            self.reject(object, key, "Add this field; it is required.");
        }
    }

    pub(super) fn string(&mut self, object: &Object<'_>, key: &str) -> Option<String> {
        let string = object.get(key)?.as_str();
        if string.is_none() {
            self.reject(object, key, "Write a string, in quotation marks.");
        }
        string.map(str::to_owned)
    }

    pub(super) fn required_string(&mut self, object: &Object<'_>, key: &str) -> Option<String> {
        self.require(object, key);
        self.string(object, key)
    }

    /// Returns the strings of a list, or an empty list if it is missing.
    pub(super) fn strings(&mut self, object: &Object<'_>, key: &str) -> Vec<String> {
        let Some(value) = object.get(key) else { return Vec::new() };
        let to_string = |element: &Value| element.as_str().map(str::to_owned);
        let strings = value.as_array().and_then(|list| list.iter().map(to_string).collect());
        strings.unwrap_or_else(|| {
            self.reject(object, key, "Write a list of strings, in square brackets.");
            Vec::new()
        })
    }

    /// Returns a required positive integer within the range of GraphQL's `Int`.
    pub(super) fn required_number(&mut self, object: &Object<'_>, key: &str) -> Option<i64> {
        self.require(object, key);
        self.number(object, key, 1)
    }

    /// Returns an integer from `min` within the range of GraphQL's `Int`, or `None` if it is missing.
    pub(super) fn number(&mut self, object: &Object<'_>, key: &str, min: i64) -> Option<i64> {
        let number = object.get(key)?.as_i64().filter(|number| (min..=i64::from(i32::MAX)).contains(number));
        if number.is_none() {
            self.reject(object, key, format_args!("Write a whole number from {min} to {}.", i32::MAX));
        }
        number
    }

    pub(super) fn flag(&mut self, object: &Object<'_>, key: &str, default: bool) -> bool {
        let Some(value) = object.get(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            self.reject(object, key, "Write true or false.");
            default
        })
    }

    /// Adds an error if an earlier field has the same kind, such as "username", and the same value.
    pub(super) fn must_be_unique(
        &mut self,
        object: &Object<'_>,
        key: &str,
        kind: &'static str,
        value: String,
    ) {
        let path = object.path_of(key);
        match self.seen.entry((kind, value)) {
            Entry::Occupied(first) => {
                let problem = format!("Change this {kind} or that of {}; they are the same.", first.get());
                self.reject_at(path, problem);
            }
            Entry::Vacant(entry) => {
                entry.insert(path);
            }
        }
    }
}
