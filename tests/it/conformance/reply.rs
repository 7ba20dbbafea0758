//! A reply, and whether it is the expected one.

use anyhow::{Context, Result, ensure};
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::matching::{compare, show};
use super::scenario::Expect;
use super::template::Template;

/// A complete reply.
pub(super) struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
    /// `None` if the reply is not JSON.
    body: Option<Value>,
}

impl Reply {
    pub(super) async fn read(response: Response) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).ok();
        Ok(Self { status, headers, text, body })
    }

    /// Returns the value at a JSON pointer, which must not be null.
    pub(super) fn find(&self, pointer: &str) -> Result<&Value> {
        let found = self.body.as_ref().and_then(|body| body.pointer(pointer));
        found.filter(|value| !value.is_null()).with_context(|| format!("{pointer}: expected a value"))
    }

    /// Fails at the first difference. With `engine_text`, the wording of errors with status 400 may differ.
    pub(super) fn check(&self, expect: &Expect, engine_text: bool, template: &Template<'_>) -> Result<()> {
        if let Some(status) = expect.status {
            ensure!(
                self.status == status,
                "status: expected {status}, got {} with {}",
                self.status,
                self.show()
            );
        }
        for (name, wanted) in &expect.headers {
            let got = self.headers.get(name).map_or(Ok(""), |value| value.to_str())?;
            compare(&template.fill(wanted)?, &got.into(), &format!("header {name}"), template.now)?;
        }
        for text in &expect.text_contains {
            let text = template.text(text)?;
            ensure!(self.text.contains(&text), "body: expected {text:?} in {}", self.show());
        }
        match &expect.body {
            Some(_) if engine_text && self.status == 400 => self.check_refused(),
            Some(wanted) => self.check_body(&template.fill(wanted)?, template.now),
            None => Ok(()),
        }
    }

    fn check_refused(&self) -> Result<()> {
        let body = self.body.as_ref().unwrap_or(&Value::Null);
        let errors = body["errors"].as_array().is_some_and(|errors| !errors.is_empty());
        ensure!(
            errors && body.get("data").is_none(),
            "body: expected errors without data, got {}",
            self.show()
        );
        Ok(())
    }

    fn check_body(&self, wanted: &Value, now: i64) -> Result<()> {
        let body = self.body.as_ref();
        let body = body.with_context(|| format!("body: expected {}, got {}", show(wanted), self.show()))?;
        compare(wanted, body, "", now)
    }

    fn show(&self) -> String {
        show(self.body.as_ref().unwrap_or(&self.text.as_str().into()))
    }
}
