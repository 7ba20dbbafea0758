//! Fields that several kinds of entries have.

use std::time::UNIX_EPOCH;

use super::decoder::{Decoder, Object};
use crate::accounts::validation::{clean_email, text_errors};
use crate::clock::Timestamp;
use crate::{email, text};

impl Decoder {
    /// Returns the id of an entry, which must be a UUID that no other entry of its kind has.
    pub(super) fn unique_id(&mut self, object: &Object<'_>, kind: &'static str) -> String {
        self.require(object, "id");
        let id = self.uuid(object, "id");
        if let Some(id) = &id {
            self.must_be_unique(object, "id", kind, id.clone());
        }
        id.unwrap_or_default()
    }

    pub(super) fn uuid(&mut self, object: &Object<'_>, key: &str) -> Option<String> {
        let uuid = text::uuid(&self.string(object, key)?);
        if uuid.is_none() {
            self.reject(object, key, "Write a UUID, such as 0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a01.");
        }
        uuid
    }

    /// Returns a required string, which must not be empty.
    pub(super) fn name(&mut self, object: &Object<'_>, key: &str, max_length: usize) -> String {
        self.require(object, key);
        let name = self.limited_string(object, key, max_length);
        if name.as_ref().is_some_and(String::is_empty) {
            self.reject(object, key, "Write at least one character.");
        }
        name.unwrap_or_default()
    }

    pub(super) fn limited_string(&mut self, object: &Object<'_>, key: &str, limit: usize) -> Option<String> {
        let string = self.string(object, key)?;
        for error in text_errors(&string, limit) {
            self.reject(object, key, error.message);
        }
        Some(string)
    }

    /// Returns an address, which must be unique among all primary and secondary addresses in the file.
    pub(super) fn email(&mut self, object: &Object<'_>, key: &str, max_length: usize) -> Option<String> {
        let email = clean_email(&self.string(object, key)?, max_length);
        match &email {
            Ok(email) => self.must_be_unique(object, key, "address", email::key(email)),
            Err(errors) => errors.iter().for_each(|error| self.reject(object, key, &error.message)),
        }
        email.ok()
    }

    pub(super) fn time(&mut self, object: &Object<'_>, key: &str) -> Option<Timestamp> {
        let time = parse_time(&self.string(object, key)?);
        if time.is_none() {
            self.reject(
                object,
                key,
                "Write a date and time in UTC, not before 1970, such as 2021-08-08T17:22:56Z.",
            );
        }
        time
    }
}

/// Parses a time in UTC since 1970, in the format of RFC 3339.
pub(in crate::transfer) fn parse_time(text: &str) -> Option<Timestamp> {
    let utc = text.strip_suffix('Z').or(text.strip_suffix("+00:00"))?;
    let time = humantime::parse_rfc3339(&format!("{utc}Z")).ok()?;
    Some(Timestamp::from_micros(0).plus(time.duration_since(UNIX_EPOCH).ok()?))
}
