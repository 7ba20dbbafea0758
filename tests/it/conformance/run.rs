//! Plays a scenario against a server.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::matching::compare;
use super::mint::Recipe;
use super::reply::Reply;
use super::scenario::{MailRule, Scenario, Step};
use super::template::Template;
use crate::support::server::{Mail, TestServer};

/// The beginning of links in mails, from `public_url` of the test server.
const PUBLIC_SCHEME: &str = "http";
const PUBLIC_HOST: &str = "localhost:8000";

/// Fails at the first difference. `index` makes the addresses of scenarios different.
pub(super) async fn play(server: &TestServer, scenario: &Scenario, index: usize) -> Result<()> {
    let mut conversation = Conversation {
        server,
        engine_text: scenario.engine_text,
        names: Map::new(),
        earlier_mails: server.mails().len(),
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

/// A running scenario.
struct Conversation<'a> {
    server: &'a TestServer,
    engine_text: bool,
    names: Map<String, Value>,
    earlier_mails: usize,
}

impl Conversation<'_> {
    async fn take(&mut self, step: &Step) -> Result<()> {
        self.server.advance(Duration::from_secs_f64(step.sleep));
        for (name, recipe) in &step.mint {
            let made = Recipe::deserialize(self.template().fill(recipe)?)?.make(self.now())?;
            self.name(name, made);
        }
        if let Some(request) = &step.request {
            let response = request.build(self.server, &self.template())?.send().await?;
            self.check(step, &Reply::read(response).await?)?;
        }
        step.mail.iter().try_for_each(|rule| self.check_mail(rule))
    }

    fn check(&mut self, step: &Step, reply: &Reply) -> Result<()> {
        // The expectation may use values that are captured from this reply. A difference is a better error than a
        // missing value.
        let captured = self.capture(step, reply);
        reply.check(&step.expect, self.engine_text, &self.template()).and(captured)
    }

    fn capture(&mut self, step: &Step, reply: &Reply) -> Result<()> {
        for (name, pointer) in &step.capture {
            self.name(name, reply.find(pointer)?.clone());
        }
        Ok(())
    }

    fn check_mail(&mut self, rule: &MailRule) -> Result<()> {
        let to = self.template().text(&rule.to)?.to_lowercase();
        let mut mails = self.server.mails().split_off(self.earlier_mails);
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
            let found = found.with_context(|| format!("nothing matches {pattern}"))?;
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
        self.server.now_seconds()
    }
}
