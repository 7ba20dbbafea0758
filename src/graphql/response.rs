//! Sorts the fields of a response, and summarizes it for the log.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use async_graphql::parser::types::Field;
use async_graphql::{Name, PathSegment, Response, Value};

use super::error::is_server_failure;
use crate::error::FieldErrors;

/// The root fields of a request, in the order of the request.
#[derive(Default)]
pub(super) struct RootFields {
    names: Vec<Name>,
    /// Their names in the response.
    keys: Vec<Name>,
}

impl RootFields {
    pub(super) fn new<'a>(fields: impl Iterator<Item = &'a Field>) -> Self {
        let (names, keys) =
            fields.map(|field| (field.name.node.clone(), field.response_key().node.clone())).unzip();
        Self { names, keys }
    }

    /// Sorts a response in the order of the request, as the specification requires (GraphQL, October 2021, §6.3.1).
    /// async-graphql returns the fields of a query in the order of completion.
    pub(super) fn sort(&self, response: &mut Response) {
        let position = |name: &str| self.keys.iter().position(|key| key == name);
        if let Value::Object(fields) = &mut response.data {
            fields.sort_by(|a, _, b, _| position(a).cmp(&position(b)));
        }
        response.errors.sort_by_key(|error| match error.path.first() {
            Some(PathSegment::Field(name)) => position(name),
            _ => None,
        });
    }

    /// Summarizes a request for the log. `codes` are those of rejections, which are not always in the response.
    pub(super) fn summarize(&self, response: &Response, codes: BTreeSet<&'static str>) -> Summary {
        let Value::Object(_) = &response.data else { return Summary::not_executed() };
        let outcome = if response.errors.iter().any(is_server_failure) {
            "failed"
        } else if !response.errors.is_empty() || !codes.is_empty() {
            "refused"
        } else {
            "done"
        };
        let names: Vec<&str> = self.names.iter().map(Name::as_str).collect();
        Summary { fields: names.join(" "), outcome, codes }
    }
}

#[derive(Clone)]
pub struct Summary {
    /// The names of the root fields, separated by spaces. Aliases and arguments are left out, because clients can put
    /// anything into them.
    pub fields: String,
    /// "done", "refused", "failed" or "not executed".
    pub outcome: &'static str,
    /// The codes of rejections.
    pub codes: BTreeSet<&'static str>,
}

impl Summary {
    /// Summarizes an invalid request. Its fields are left out, because they may not be fields of the schema.
    pub(super) fn not_executed() -> Self {
        Self { fields: String::new(), outcome: "not executed", codes: BTreeSet::new() }
    }
}

/// Collects the codes of rejections while a request is executed. A payload contains them only if the client selects
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
