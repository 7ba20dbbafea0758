//! Summaries of requests, for the log.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::error::FieldErrors;

#[derive(Clone)]
pub struct Summary {
    /// The root fields of the request, separated by spaces. They are fields of the schema. Arguments and aliases are
    /// left out, because clients can put anything into them.
    pub fields: String,
    /// "done", "refused", "failed" or "not executed".
    pub outcome: &'static str,
    /// The codes of rejections.
    pub codes: BTreeSet<&'static str>,
}

impl Summary {
    /// Summarizes an invalid request. Its fields are left out, because they may be anything.
    pub(super) fn not_executed() -> Self {
        Self { fields: String::new(), outcome: "not executed", codes: BTreeSet::new() }
    }
}

/// The codes of rejections during the execution of a request. A payload contains them only if the client selects
/// `errors`, so the log cannot take them from the response.
#[derive(Default)]
pub(super) struct RejectionCodes(Mutex<BTreeSet<&'static str>>);

impl RejectionCodes {
    pub(super) fn add(&self, errors: &FieldErrors) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(errors.codes());
    }

    pub(super) fn take(&self) -> BTreeSet<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
