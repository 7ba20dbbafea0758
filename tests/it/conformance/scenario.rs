//! The files of `tests/conformance` as types. A member of a step that the runner does not know is an error,
//! lest an expectation go unheard.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One recorded conversation.
#[derive(Deserialize)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) profile: String,
    /// Whether expected errors are in the words of the original's GraphQL engine.
    #[serde(default)]
    pub(super) engine_text: bool,
    #[serde(default)]
    pub(super) vars: Map<String, Value>,
    pub(super) steps: Vec<Step>,
}

/// What is done at once; the members take effect in this order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// What it is there for.
    pub(super) about: Option<String>,
    /// Seconds.
    #[serde(default)]
    pub(super) sleep: f64,
    /// Recipes of [`super::mint::Recipe`], by the name of what they make.
    #[serde(default)]
    pub(super) mint: Map<String, Value>,
    pub(super) request: Option<Request>,
    /// JSON pointers into the reply, by the name of what they find.
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) expect: Expect,
    #[serde(default)]
    pub(super) mail: Vec<MailRule>,
}

/// What is sent: `query` with what goes with it, or instead `json`, `form` or `body`, or nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    #[serde(default = "post")]
    pub(super) method: String,
    /// The last segment of the address.
    #[serde(default = "graphql")]
    pub(super) endpoint: String,
    /// Whether the slash at the end of the address is left out.
    #[serde(default)]
    pub(super) path_suffix_strip: bool,
    /// What goes into the query string.
    pub(super) params: Option<Value>,
    pub(super) query: Option<String>,
    pub(super) variables: Option<Value>,
    #[serde(rename = "operationName")]
    pub(super) operation_name: Option<String>,
    pub(super) json: Option<Value>,
    pub(super) form: Option<Value>,
    /// A text, sent without a type.
    pub(super) body: Option<String>,
    /// `$name` sends the access token of that name.
    pub(super) token: Option<String>,
    /// They win over all that is sent unasked.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
}

/// What must be answered.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<u16>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Value>,
    pub(super) body: Option<Value>,
    /// Texts that the body holds somewhere, as it came.
    #[serde(default)]
    pub(super) text_contains: Vec<String>,
}

/// What must have been mailed: `count` messages in all, or a certain `nth` one.
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
    /// Regular expressions, by the name of what their first group finds.
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
