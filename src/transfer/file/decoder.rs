//! Reads typed values from JSON. Errors are collected, so that one run reports all of them.
//!
//! An invalid value is replaced with an empty one. Callers must reject the file if there are errors, so the empty
//! values are never used.

use std::collections::HashMap;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::Fault;
use crate::printable::single_line;

/// An object of the file, with its path.
pub(super) struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// Returns the path of a member of the object.
    pub(super) fn path_of(&self, key: &str) -> String {
        let key = if key.is_empty() { "\"\"".to_owned() } else { single_line(key) };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    /// Returns whether a member is present and not null.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key).filter(|value| !value.is_null())
    }
}

/// Reads members of objects and collects errors.
#[derive(Default)]
pub(super) struct Reader {
    /// The errors so far.
    pub(super) faults: Vec<Fault>,
    /// The path at which each unique value was first seen, by kind and value.
    seen: HashMap<(&'static str, String), String>,
}

impl Reader {
    /// Adds an error about a member.
    pub(super) fn refuse(&mut self, object: &Object<'_>, key: &str, problem: impl Display) {
        self.refuse_at(object.path_of(key), problem);
    }

    fn refuse_at(&mut self, path: String, problem: impl Display) {
        self.faults.push(Fault { path, problem: problem.to_string() });
    }

    /// Returns the object that makes up the file. `known` lists the names of its members.
    pub(super) fn file<'a>(&mut self, value: &'a Value, known: &[&str]) -> Option<Object<'a>> {
        if !value.is_object() {
            self.refuse_at("file".into(), "Make the whole file one object, in braces.");
            return None;
        }
        self.object(value, String::new(), known)
    }

    fn object<'a>(&mut self, value: &'a Value, path: String, known: &[&str]) -> Option<Object<'a>> {
        let Value::Object(members) = value else {
            self.refuse_at(path, "Write an object, in braces.");
            return None;
        };
        let object = Object { path, members };
        let unknown = members.keys().filter(|key| !known.contains(&key.as_str()));
        for key in unknown {
            let problem = format!("Remove this unknown member; known are {}.", known.join(", "));
            self.refuse(&object, key, problem);
        }
        Some(object)
    }

    /// Returns a nested object, or `None` if it is missing.
    pub(super) fn child<'a>(&mut self, object: &Object<'a>, key: &str, known: &[&str]) -> Option<Object<'a>> {
        self.object(object.get(key)?, object.path_of(key), known)
    }

    /// Reads the objects of a list with the given function. Returns an empty list if it is missing.
    pub(super) fn list<T>(
        &mut self,
        object: &Object<'_>,
        key: &str,
        known: &[&str],
        read: fn(&mut Reader, &Object<'_>) -> T,
    ) -> Vec<T> {
        let elements = match object.get(key) {
            None => return Vec::new(),
            Some(Value::Array(elements)) => elements,
            Some(_) => {
                self.refuse(object, key, "Write a list of objects, in square brackets.");
                return Vec::new();
            }
        };
        let mut records = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{}[{index}]", object.path_of(key));
            if let Some(element) = self.object(element, path, known) {
                records.push(read(self, &element));
            }
        }
        records
    }

    /// Returns a string, or `None` if it is missing.
    pub(super) fn text(&mut self, object: &Object<'_>, key: &str) -> Option<String> {
        let text = object.get(key)?.as_str();
        if text.is_none() {
            self.refuse(object, key, "Write a text, in quotation marks.");
        }
        text.map(str::to_owned)
    }

    /// Returns the strings of a list, or an empty list if it is missing.
    pub(super) fn texts(&mut self, object: &Object<'_>, key: &str) -> Vec<String> {
        let texts = match object.get(key) {
            None => Some(Vec::new()),
            Some(list) => list.as_array().and_then(|list| {
                list.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            }),
        };
        texts.unwrap_or_else(|| {
            self.refuse(object, key, "Write a list of texts, in square brackets.");
            Vec::new()
        })
    }

    /// Returns a required string.
    pub(super) fn required_text(&mut self, object: &Object<'_>, key: &str) -> Option<String> {
        if object.get(key).is_none() {
            self.refuse(object, key, "Add this text; it is required.");
        }
        self.text(object, key)
    }

    /// Returns a required positive integer within the range of GraphQL's `Int`.
    pub(super) fn required_number(&mut self, object: &Object<'_>, key: &str) -> Option<i64> {
        if !object.has(key) {
            self.refuse(object, key, "Add this number; it is required.");
        }
        self.number(object, key, 1)
    }

    /// Returns an integer from `least` within the range of GraphQL's `Int`, or `None` if it is missing.
    pub(super) fn number(&mut self, object: &Object<'_>, key: &str, least: i64) -> Option<i64> {
        let number =
            object.get(key)?.as_i64().filter(|number| (least..=i64::from(i32::MAX)).contains(number));
        if number.is_none() {
            self.refuse(object, key, format_args!("Write a whole number from {least} to {}.", i32::MAX));
        }
        number
    }

    /// Returns a boolean, or the default if it is missing.
    pub(super) fn flag(&mut self, object: &Object<'_>, key: &str, default: bool) -> bool {
        let Some(value) = object.get(key) else {
            return default;
        };
        value.as_bool().unwrap_or_else(|| {
            self.refuse(object, key, "Write true or false.");
            default
        })
    }

    /// Adds an error if the same value of the same kind occurs elsewhere in the file.
    pub(super) fn must_be_unique(
        &mut self,
        object: &Object<'_>,
        key: &str,
        kind: &'static str,
        value: String,
    ) {
        let path = object.path_of(key);
        match self.seen.get(&(kind, value.clone())) {
            Some(first) => {
                let problem = format!("Change this {kind} or that of {first}; they are the same.");
                self.refuse_at(path, problem);
            }
            None => {
                self.seen.insert((kind, value), path);
            }
        }
    }
}
