//! Sorts the fields of a response, and summarizes it for the log.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use async_graphql::parser::types::Field;
use async_graphql::{Name, PathSegment, Response, Value};

use super::error::is_server_failure;
use crate::error::FieldErrors;

/// The root fields that a request selects, in its order.
#[derive(Default)]
pub(super) struct RootFields {
    names: Vec<Name>,
    /// Their names in the response.
    keys: Vec<Name>,
}

impl<'a> FromIterator<&'a Field> for RootFields {
    fn from_iter<I: IntoIterator<Item = &'a Field>>(fields: I) -> Self {
        let both = |field: &Field| (field.name.node.clone(), field.response_key().node.clone());
        let (names, keys) = fields.into_iter().map(both).unzip();
        Self { names, keys }
    }
}

impl RootFields {
    /// Sorts a response in the order of the request, as the specification asks (GraphQL, October 2021, §6.3.1).
    /// async-graphql returns the fields of a query in the order of completion.
    pub(super) fn sort(&self, response: &mut Response) {
        let place = |name: &str| self.keys.iter().position(|key| key == name);
        if let Value::Object(fields) = &mut response.data {
            fields.sort_by(|a, _, b, _| place(a).cmp(&place(b)));
        }
        response.errors.sort_by_key(|error| match error.path.first() {
            Some(PathSegment::Field(name)) => place(name),
            _ => None,
        });
    }

    /// Summarizes an executed request and the codes of its rejections.
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
