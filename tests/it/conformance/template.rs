//! Names in the strings of a scenario.

use std::sync::LazyLock;

use anyhow::{Context, Result};
use regex::Regex;
use serde_json::{Map, Value};

static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{\{(\w+)\}\}").expect("the pattern is valid"));

/// The values that strings of a scenario can refer to.
pub(super) struct Template<'a> {
    pub(super) names: &'a Map<String, Value>,
    pub(super) now: i64,
}

impl Template<'_> {
    /// Replaces `{{name}}` in every string and key, `{"$var": name}` and `{"$now": seconds}`.
    pub(super) fn fill(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => self.text(text)?.into(),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect::<Result<_>>()?,
            Value::Object(members) => self.object(members)?,
            other => other.clone(),
        })
    }

    /// Replaces `{{name}}`.
    pub(super) fn text(&self, text: &str) -> Result<String> {
        let mut filled = String::new();
        let mut end = 0;
        for found in NAME.captures_iter(text) {
            let (place, name) = (found.get_match(), &found[1]);
            filled += &text[end..place.start()];
            match self.value(name)? {
                Value::String(value) => filled += value,
                other => filled += &other.to_string(),
            }
            end = place.end();
        }
        Ok(filled + &text[end..])
    }

    /// Returns the value of a name.
    pub(super) fn value(&self, name: &str) -> Result<&Value> {
        self.names.get(name).with_context(|| format!("there is no value {name}"))
    }

    fn object(&self, members: &Map<String, Value>) -> Result<Value> {
        if let Some(Value::String(name)) = members.get("$var") {
            return self.value(name).cloned();
        }
        if let Some(Value::Number(seconds)) = members.get("$now") {
            let seconds = seconds.as_i64().context("$now takes whole seconds")?;
            return Ok((self.now + seconds).into());
        }
        members.iter().map(|(key, item)| Ok((self.text(key)?, self.fill(item)?))).collect()
    }
}
