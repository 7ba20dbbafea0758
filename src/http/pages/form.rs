//! The fields of a submitted form.

use std::collections::BTreeMap;

use poem::Request;

use crate::error::{FieldError, FieldErrors, Result};
use crate::security::reauthentication::Proof;

/// More than any form of a page contains. A login may send the ids of many passkeys.
const MAX_FORM_BYTES: usize = 64 * 1024;

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

    /// Removes a field, so that the page does not show it again.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
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

    /// Returns the password of a field and the code beside it, or the error of an empty password.
    pub(super) fn proof(&self, name: &'static str) -> Result<Proof<'_>> {
        Ok(Proof::Password { password: self.password(name)?, code: self.find("code") })
    }

    /// Returns the fields that a page may show again: all but passwords, codes and tokens.
    pub(super) fn repeatable(&self) -> BTreeMap<String, String> {
        let is_secret = |name: &str| {
            ["password", "token", "code", "challenge", "passkey"].iter().any(|part| name.contains(part))
        };
        self.0.clone().into_iter().filter(|(name, _)| !is_secret(name)).collect()
    }
}
