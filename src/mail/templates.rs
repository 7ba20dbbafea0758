//! The words of mails, from `assets/mail/`.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context, Result, anyhow, bail};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;

use super::{Message, on_one_line};
use crate::config::{Config, TEMPLATE_VARIABLES};

#[derive(RustEmbed)]
#[folder = "assets/mail/"]
struct Files;

/// What a mail is about.
#[derive(Debug, Clone, Copy)]
pub enum MailKind<'a> {
    /// Asks to confirm the primary address.
    Activation {
        token: &'a str,
        /// Whether the link also ends the password of the account.
        ends_password: bool,
    },
    /// Asks to confirm a secondary address; holds the token.
    SecondaryEmail(&'a str),
    /// Offers a new password; holds the token.
    PasswordReset(&'a str),
    /// Offers a first password; holds the token.
    PasswordSet(&'a str),
    /// Tells that something about the account changed; holds what, as a sentence.
    Notice(&'a str),
    /// Tells what somebody tried with the address, which an answer must not tell; holds what, as a sentence.
    Hint(&'a str),
    /// Asks the representative of a working group to answer a join request.
    JoinRequest {
        /// The id of the request.
        id: &'a str,
        /// The name of the person who asks.
        requester: &'a str,
        /// The address of that person's account.
        email: &'a str,
        /// The name of the group.
        group: &'a str,
    },
    /// Tells somebody who wished to join a working group how that was answered.
    JoinAnswer {
        /// The name of the group.
        group: &'a str,
        /// Whether it said yes.
        approved: bool,
    },
}

/// The variables of one kind of mail; those that it does not use are empty.
#[derive(Default)]
struct Words<'a> {
    template: &'static str,
    link: String,
    sentence: &'a str,
    requester: &'a str,
    requester_email: &'a str,
    request_id: &'a str,
    group: &'a str,
    approved: bool,
    ends_password: bool,
}

pub(super) struct Templates {
    environment: Environment<'static>,
    site_name: String,
    links: crate::config::Links,
    public_url: String,
    variables: BTreeMap<String, String>,
}

impl Templates {
    pub(super) fn new(config: &Config) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        refuse_strangers(config)?;
        for name in Files::iter() {
            let built_in =
                Files::get(&name).with_context(|| format!("the mail template {name} is missing"))?;
            let source = match own(config, &name)? {
                Some(own) => own,
                None => String::from_utf8(built_in.data.into_owned())?,
            };
            environment
                .add_template_owned(name.to_string(), source)
                .map_err(|error| anyhow!("mail.templates: {name}: {error}"))?;
        }
        refuse_unknown_variables(&environment, config)?;
        let templates = Self {
            environment,
            site_name: config.site_name().to_owned(),
            links: config.links.clone(),
            public_url: config.public_url.clone(),
            variables: config.mail.variables.clone(),
        };
        templates.tried()
    }

    /// Words one mail of each kind, so that a template which asks for what is not there is found at start.
    fn tried(self) -> Result<Self> {
        let kinds = [
            MailKind::Activation { token: "", ends_password: true },
            MailKind::Activation { token: "", ends_password: false },
            MailKind::SecondaryEmail(""),
            MailKind::PasswordReset(""),
            MailKind::PasswordSet(""),
            MailKind::Notice(""),
            MailKind::Hint(""),
            MailKind::JoinRequest { id: "", requester: "", email: "", group: "" },
            MailKind::JoinAnswer { group: "", approved: true },
            MailKind::JoinAnswer { group: "", approved: false },
        ];
        for kind in kinds {
            self.write(&kind, "", "").context("mail.templates")?;
        }
        Ok(self)
    }

    pub(super) fn write(&self, kind: &MailKind<'_>, recipient: &str, name: &str) -> Result<Message> {
        let words = self.words(kind);
        let context = context! {
            site_name => self.site_name.as_str(),
            api_url => Value::from_safe_string(format!("{}/graphql", self.public_url)),
            name => on_one_line(name),
            link => Value::from_safe_string(words.link),
            sentence => words.sentence,
            requester => on_one_line(words.requester),
            requester_email => on_one_line(words.requester_email),
            request_id => words.request_id,
            group => on_one_line(words.group),
            approved => words.approved,
            ends_password => words.ends_password,
            ..Value::from(Serde(&self.variables))
        };
        let render = |suffix: &str| -> Result<String> {
            Ok(self.environment.get_template(&format!("{}{suffix}", words.template))?.render(&context)?)
        };
        Ok(Message {
            recipient: recipient.to_owned(),
            subject: render(".subject.txt")?.trim().to_owned(),
            text: render(".txt")?,
            html: render(".html")?,
        })
    }

    fn words<'a>(&self, kind: &MailKind<'a>) -> Words<'a> {
        let with_link =
            |template, link, token| Words { template, link: self.link(link, token), ..Words::default() };
        let links = &self.links;
        match *kind {
            MailKind::Activation { token, ends_password } => {
                Words { ends_password, ..with_link("activation", &links.activation, token) }
            }
            MailKind::SecondaryEmail(token) => with_link("secondary_email", &links.secondary_email, token),
            MailKind::PasswordReset(token) => with_link("password_reset", &links.password_reset, token),
            MailKind::PasswordSet(token) => with_link("password_set", &links.password_set, token),
            MailKind::Notice(sentence) => Words { template: "notice", sentence, ..Words::default() },
            MailKind::Hint(sentence) => Words { template: "hint", sentence, ..Words::default() },
            MailKind::JoinRequest { id, requester, email, group } => {
                let link = links.join_requests.as_deref().unwrap_or_default();
                let words = with_link("join_request", link, "");
                Words { request_id: id, requester, requester_email: email, group, ..words }
            }
            MailKind::JoinAnswer { group, approved } => {
                Words { template: "join_answer", group, approved, ..Words::default() }
            }
        }
    }

    /// The same text serves in HTML: a URL holds nothing that must be escaped there but `&`, which browsers take
    /// as it is.
    fn link(&self, template: &str, token: &str) -> String {
        template.replace("{public_url}", &self.public_url).replace("{token}", token)
    }
}

/// A text under a name that no mail asks for is a slip of the pen.
fn refuse_strangers(config: &Config) -> Result<()> {
    let Some(folder) = &config.mail.templates else { return Ok(()) };
    let unreadable = || format!("mail.templates: {} cannot be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_text = name.ends_with(".txt") || name.ends_with(".html");
        if is_text && Files::get(&name).is_none() {
            let known: Vec<_> = Files::iter().collect();
            bail!("mail.templates: no mail asks for {name}; the names are {}", known.join(", "));
        }
    }
    Ok(())
}

/// The library would not say which variable it is that there is not.
fn refuse_unknown_variables(environment: &Environment<'_>, config: &Config) -> Result<()> {
    let own = config.mail.variables.keys().map(String::as_str);
    let known: Vec<&str> = TEMPLATE_VARIABLES.into_iter().chain(own).collect();
    for (name, template) in environment.templates() {
        let mut asked_for: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        asked_for.sort();
        if let Some(unknown) = asked_for.iter().find(|asked| !known.contains(&asked.as_str())) {
            let known = known.join(", ");
            bail!(
                "mail.templates: {name} asks for {unknown}, and there is only {known}; add it to mail.variables"
            );
        }
    }
    Ok(())
}

/// The text that the site has in place of a built-in one.
fn own(config: &Config, name: &str) -> Result<Option<String>> {
    let Some(folder) = &config.mail.templates else { return Ok(None) };
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound && folder.is_dir() => Ok(None),
        Err(error) => Err(anyhow!("mail.templates: {} cannot be read ({error})", path.display())),
    }
}
