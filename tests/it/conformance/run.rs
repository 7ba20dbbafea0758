//! Plays a scenario against a server.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use regex::Regex;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::matching::{compare, show};
use super::mint::Recipe;
use super::scenario::{Expect, MailRule, Request, Scenario, Step};
use super::template::Template;
use crate::server::{Mail, TestServer};

/// What links in mails start with, as the test server's `public_url` has it.
const PUBLIC_SCHEME: &str = "http";
const PUBLIC_HOST: &str = "localhost:8000";

/// Plays scenarios against one server.
pub(super) struct Runner<'a> {
    server: &'a TestServer,
    client: reqwest::Client,
}

impl<'a> Runner<'a> {
    /// Sends requests as they are recorded, following no redirect.
    pub(super) fn new(server: &'a TestServer) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).build();
        Self { server, client: client.expect("a client needs nothing from outside") }
    }

    /// Fails with the first difference; `index` keeps the addresses of one scenario from those of another.
    pub(super) async fn run(&self, scenario: &Scenario, index: usize) -> Result<()> {
        let mut conversation = Conversation {
            runner: self,
            engine_text: scenario.engine_text,
            names: Map::new(),
            earlier_mails: self.server.mails().len(),
        };
        conversation.name("run", format!("r{index:08x}"));
        conversation.name("host", PUBLIC_HOST);
        conversation.name("scheme", PUBLIC_SCHEME);
        for (name, value) in &scenario.vars {
            let value = conversation.template().fill(value)?;
            conversation.name(name, value);
        }
        for (number, step) in (1..).zip(&scenario.steps) {
            let about = step.about.as_ref().map_or(String::new(), |about| format!(" ({about})"));
            conversation.take(step).await.with_context(|| format!("step {number}{about}"))?;
        }
        Ok(())
    }
}

/// A scenario under way.
struct Conversation<'a> {
    runner: &'a Runner<'a>,
    engine_text: bool,
    names: Map<String, Value>,
    earlier_mails: usize,
}

struct Reply {
    status: u16,
    /// `None` where it is not JSON.
    body: Option<Value>,
}

impl Conversation<'_> {
    async fn take(&mut self, step: &Step) -> Result<()> {
        self.runner.server.advance(Duration::from_secs_f64(step.sleep));
        for (name, recipe) in &step.mint {
            let made = Recipe::deserialize(self.template().fill(recipe)?)?.make(self.now())?;
            self.name(name, made);
        }
        if let Some(request) = &step.request {
            let reply = self.send(request).await?;
            self.check(step, &reply)?;
        }
        step.mail.iter().try_for_each(|rule| self.check_mail(rule))
    }

    async fn send(&self, request: &Request) -> Result<Reply> {
        let template = self.template();
        let mut body = json!({"query": template.text(&request.query)?});
        if let Some(variables) = &request.variables {
            body["variables"] = template.fill(variables)?;
        }
        if let Some(name) = &request.operation_name {
            body["operationName"] = name.as_str().into();
        }
        let url = format!("http://{}/graphql/", self.runner.server.address());
        let headers = self.headers(request)?;
        let response = self.runner.client.post(url).headers(headers).json(&body).send().await?;
        let status = response.status().as_u16();
        Ok(Reply { status, body: serde_json::from_slice(&response.bytes().await?).ok() })
    }

    fn headers(&self, request: &Request) -> Result<HeaderMap> {
        let template = self.template();
        let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        if let Some(name) = request.token.as_deref().and_then(|token| token.strip_prefix('$')) {
            let token = template.value(name)?.as_str().context("a token is a text")?;
            headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("JWT {token}"))?);
        }
        for (name, value) in &request.headers {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            headers.insert(name, HeaderValue::from_str(&template.text(value)?)?);
        }
        Ok(headers)
    }

    fn check(&mut self, step: &Step, reply: &Reply) -> Result<()> {
        // The expectation may use what this very reply is the first to hold; where the reply is another one
        // altogether, the difference says more than the name that could not be captured.
        let captured = self.capture(step, reply);
        self.check_reply(&step.expect, reply).and(captured)
    }

    fn capture(&mut self, step: &Step, reply: &Reply) -> Result<()> {
        for (name, pointer) in &step.capture {
            let found = reply.body.as_ref().and_then(|body| body.pointer(pointer));
            let value = found.filter(|value| !value.is_null());
            self.name(name, value.with_context(|| format!("{pointer}: expected a value"))?.clone());
        }
        Ok(())
    }

    fn check_reply(&self, expect: &Expect, reply: &Reply) -> Result<()> {
        let got = reply.body.as_ref().map_or("no JSON".to_owned(), show);
        if let Some(status) = expect.status {
            ensure!(reply.status == status, "status: expected {status}, got {} with {got}", reply.status);
        }
        let Some(wanted) = &expect.body else {
            return Ok(());
        };
        let body =
            reply.body.as_ref().with_context(|| format!("body: expected {}, got {got}", show(wanted)))?;
        if self.engine_text && expect.status == Some(400) {
            let errors = body["errors"].as_array().is_some_and(|errors| !errors.is_empty());
            ensure!(errors && body.get("data").is_none(), "body: expected errors without data, got {got}");
            return Ok(());
        }
        compare(&self.template().fill(wanted)?, body, "", self.now())
    }

    fn check_mail(&mut self, rule: &MailRule) -> Result<()> {
        let to = self.template().text(&rule.to)?.to_lowercase();
        let mut mails = self.runner.server.mails().split_off(self.earlier_mails);
        mails.retain(|mail| mail.to.contains(&to));
        if let Some(count) = rule.count {
            ensure!(mails.len() == count, "mail: expected {count} to {to}, got {}", mails.len());
            return Ok(());
        }
        let mail = mails
            .get(rule.nth - 1)
            .with_context(|| format!("mail: expected {} to {to}, got {}", rule.nth, mails.len()))?;
        self.read_mail(rule, mail).with_context(|| format!("mail {} to {to}", rule.nth))
    }

    fn read_mail(&mut self, rule: &MailRule, mail: &Mail) -> Result<()> {
        for (name, pattern) in &rule.capture {
            let found = Regex::new(pattern)?.captures(&mail.text);
            let found = found.with_context(|| format!("nothing in it is like {pattern}"))?;
            self.name(name, &found[1]);
        }
        for (path, wanted, got) in
            [("subject", &rule.subject, &mail.subject), ("from", &rule.from, &mail.from)]
        {
            if let Some(wanted) = wanted {
                compare(&self.template().fill(wanted)?, &got.as_str().into(), path, self.now())?;
            }
        }
        for text in &rule.contains {
            let text = self.template().text(text)?;
            ensure!(mail.text.contains(&text), "expected {text:?} in {:?}", mail.text);
        }
        Ok(())
    }

    fn name(&mut self, name: &str, value: impl Into<Value>) {
        self.names.insert(name.to_owned(), value.into());
    }

    fn template(&self) -> Template<'_> {
        Template { names: &self.names, now: self.now() }
    }

    fn now(&self) -> i64 {
        self.runner.server.now_seconds()
    }
}
