//! The fields of a submitted form.

use std::collections::BTreeMap;

use poem::Request;

use crate::error::{FieldError, FieldErrors, Result};

/// Much more than any form of a page contains.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// The fields of a form. A field that is missing is empty.
#[derive(Default)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads the body of a request. Returns `None` if it is too large.
    pub(super) async fn read(request: &mut Request) -> Option<Self> {
        let body = request.take_body().into_bytes_limit(MAX_FORM_BYTES).await.ok()?;
        Some(Self::parse(&body))
    }

    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Returns a field, or `None` if it is empty.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.find(name).map(str::to_owned)
    }

    pub(super) fn is_checked(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether the form contains a password, which is hashed. Rules must not be called with an empty one, because such a form
    /// is not limited as others are.
    pub(super) fn contains_password(&self) -> bool {
        self.0.iter().any(|(name, value)| name.contains("password") && !value.is_empty())
    }

    /// Returns a password, or the error of a field that is empty.
    pub(super) fn password(&self, name: &'static str) -> Result<&str> {
        Ok(self.find(name).ok_or_else(|| FieldErrors::of(name, FieldError::REQUIRED))?)
    }

    /// Returns the fields that a page may show again: all but passwords and tokens.
    pub(super) fn repeatable(&self) -> BTreeMap<String, String> {
        let is_secret = |name: &str| name.contains("password") || name.contains("token");
        self.0.clone().into_iter().filter(|(name, _)| !is_secret(name)).collect()
    }
}
