//! The requests of a scenario.

use anyhow::{Context, Result, bail};
use reqwest::RequestBuilder;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::scenario::Request;
use super::template::Template;
use crate::support::server::TestServer;

impl Request {
    /// Returns the request with its template filled in.
    pub(super) fn build(&self, server: &TestServer, template: &Template<'_>) -> Result<RequestBuilder> {
        let mut builder = server.raw(self.method.parse()?, &self.path());
        if let Some(params) = &self.params {
            builder = builder.query(&template.fill(params)?);
        }
        let builder = match (&self.query, &self.json, &self.form, &self.body) {
            (Some(query), None, None, None) => builder.json(&template.fill(&self.document(query))?),
            (None, Some(json), None, None) => builder.json(&template.fill(json)?),
            (None, None, Some(form), None) => builder.form(&template.fill(form)?),
            (None, None, None, Some(body)) => builder.body(template.text(body)?),
            (None, None, None, None) => builder,
            _ => bail!("a request takes one of query, json, form and body"),
        };
        Ok(builder.headers(self.headers(template)?))
    }

    fn path(&self) -> String {
        let slash = if self.path_suffix_strip { "" } else { "/" };
        format!("/{}{slash}", self.endpoint)
    }

    fn document(&self, query: &str) -> Value {
        let mut document = json!({ "query": query });
        if let Some(variables) = &self.variables {
            document["variables"] = variables.clone();
        }
        if let Some(name) = &self.operation_name {
            document["operationName"] = name.as_str().into();
        }
        document
    }

    fn headers(&self, template: &Template<'_>) -> Result<HeaderMap> {
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        if let Some(name) = self.token.as_deref().and_then(|token| token.strip_prefix('$')) {
            let token = template.value(name)?.as_str().context("a token is a string")?;
            headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("JWT {token}"))?);
        }
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            headers.insert(name, HeaderValue::from_str(&template.text(value)?)?);
        }
        Ok(headers)
    }
}
