//! Results of Django, PyJWT and graphql-relay in `tests/vectors.json`.

use serde_json::Value;

pub fn vectors() -> Value {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors.json"));
    serde_json::from_str(text).expect("vectors.json is JSON")
}

pub fn list(value: &Value) -> &[Value] {
    let cases = value.as_array().expect("a list of cases");
    assert!(!cases.is_empty(), "a list of cases is empty");
    cases
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string"))
}

pub fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is not an integer"))
}
