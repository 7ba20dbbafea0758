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

/// What is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) query: String,
    pub(super) variables: Option<Value>,
    pub(super) operation_name: Option<String>,
    /// `$name` sends the access token of that name.
    pub(super) token: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
}

/// What must be answered.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) status: Option<u16>,
    pub(super) body: Option<Value>,
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
