//! The files of `tests/conformance` as types. An unknown member of a step is an error, so that no expectation is ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One recorded conversation.
#[derive(Deserialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) profile: String,
    /// Whether expected errors have the wording of the GraphQL engine of the original.
    #[serde(default)]
    pub(super) engine_text: bool,
    #[serde(default)]
    pub(super) vars: Map<String, Value>,
    pub(super) steps: Vec<Step>,
}

/// One step. The members take effect in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The purpose of the step.
    pub(super) about: Option<String>,
    /// Seconds.
    #[serde(default)]
    pub(super) sleep: f64,
    /// Recipes of [`super::mint::Recipe`] by name.
    #[serde(default)]
    pub(super) mint: Map<String, Value>,
    pub(super) request: Option<Request>,
    /// JSON pointers into the reply by name.
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) expect: Expect,
    #[serde(default)]
    pub(super) mail: Vec<MailRule>,
}

/// A request with `query` and its members, or with `json`, `form`, `body` or nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    #[serde(default = "post")]
    pub(super) method: String,
    /// The last segment of the path.
    #[serde(default = "graphql")]
    pub(super) endpoint: String,
    /// Whether the path has no slash at its end.
    #[serde(default)]
    pub(super) path_suffix_strip: bool,
    /// The query string.
    pub(super) params: Option<Value>,
    pub(super) query: Option<String>,
    pub(super) variables: Option<Value>,
    #[serde(rename = "operationName")]
    pub(super) operation_name: Option<String>,
    pub(super) json: Option<Value>,
    pub(super) form: Option<Value>,
    /// A string that is sent without a content type.
    pub(super) body: Option<String>,
    /// `$name` sends the access token of that name.
    pub(super) token: Option<String>,
    /// Headers that override the usual ones.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
}

/// The expected reply.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Value>,
    pub(super) body: Option<Value>,
    /// Strings that the body contains.
    #[serde(default)]
    pub(super) text_contains: Vec<String>,
}

/// The expected mail: `count` mails, or the `nth` one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailRule {
    pub(super) to: String,
    pub(super) count: Option<usize>,
    #[serde(default = "first")]
    pub(super) nth: usize,
    pub(super) subject: Option<Value>,
    pub(super) from: Option<Value>,
    #[serde(default)]
    pub(super) contains: Vec<String>,
    /// Regular expressions by the name of their first group.
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
}

fn first() -> usize {
    1
}

fn post() -> String {
    "POST".to_owned()
}

fn graphql() -> String {
    "graphql".to_owned()
}
