//! What became of a request, for the log.

use std::sync::{Mutex, PoisonError};

use crate::accounts::FieldErrors;

/// What became of a request.
#[derive(Clone)]
pub struct Summary {
    /// The fields that it asked for, separated by spaces. They are fields of the schema: arguments and aliases are the
    /// client's and may hold anything, so they are left out.
    pub fields: String,
    /// "done", "refused", "failed" or "not executed".
    pub outcome: &'static str,
    /// The codes of what was refused, each once.
    pub codes: Vec<&'static str>,
}

impl Summary {
    /// Summarizes a request that is not valid. Its fields may be anything.
    pub(super) fn not_executed() -> Self {
        Self { fields: String::new(), outcome: "not executed", codes: Vec::new() }
    }
}

/// The codes of what rules refused while a request was executed. A payload shows them only to a client that asks for
/// `errors`, so the log cannot take them from the response.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Vec<&'static str>>);

impl Refusals {
    pub(super) fn add(&self, errors: &FieldErrors) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(errors.codes());
    }

    /// Takes the codes, each once.
    pub(super) fn take(&self) -> Vec<&'static str> {
        let mut codes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}
