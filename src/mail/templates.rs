//! Mail templates. A file in the folder `mail.templates` replaces the file of the same name in `assets/mail/`.
//!
//! The HTML files extend `layout.html`, and the text files `layout.txt`, which contain the salutation and the link.

mod files;

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::Message;
use crate::config::{Config, Links, TEMPLATE_VARIABLES, contrasting_colour};
use crate::language::{Language, Languages};
use crate::printable::single_line;

#[derive(Debug, Clone, Copy)]
pub enum MailKind<'a> {
    /// Asks to confirm the primary address.
    Activation {
        token: &'a str,
        /// Whether the link also removes the password of the account.
        ends_password: bool,
    },
    /// Asks to confirm a secondary address. Contains the token.
    SecondaryEmail(&'a str),
    /// Lets the recipient reset the password. Contains the token.
    PasswordReset(&'a str),
    /// Lets the recipient set a first password. Contains the token.
    PasswordSet(&'a str),
    /// Reports a change of the account in an English sentence, which is translated.
    Notice(&'a str),
    /// Tells the owner of an address in such a sentence what somebody requested with it. The response to the request must not
    /// reveal that the address has an account.
    Hint(&'a str),
    /// Asks the representative of a working group to answer a join request.
    JoinRequest { id: &'a str, requester: &'a str, email: &'a str, group: &'a str },
    /// Reports how a join request was answered.
    JoinAnswer { group: &'a str, approved: bool },
    /// Invites the recipient to register or, if there is a group, to join it. The names must be plain, because the
    /// recipient may know neither the inviter nor the site.
    Invitation { token: &'a str, inviter: Option<&'a str>, group: Option<&'a str> },
}

pub struct Templates {
    languages: Arc<Languages>,
    /// The templates in each language, by its code.
    environments: HashMap<String, Environment<'static>>,
    /// The variables that are the same in all mails.
    defaults: Value,
    links: Links,
    /// The page that answers join requests. Empty if there is none.
    join_requests: String,
    public_url: String,
}

impl Templates {
    pub(super) fn new(config: &Config, languages: &Arc<Languages>) -> Result<Self> {
        files::reject_unknown(config, languages)?;
        let mut environments = HashMap::new();
        for language in languages.all() {
            environments.insert(language.code.clone(), files::load(config, language)?);
        }
        // A template may use any variable in any mail. Variables that the mail does not set are empty.
        let empty = Value::from_pairs(TEMPLATE_VARIABLES.map(|name| (name, "")));
        let accent = &config.pages.branding.accent;
        let defaults = context! {
            site_name => config.site_name(),
            api_url => Value::from_safe_string(format!("{}/graphql", config.public_url)),
            accent,
            on_accent => contrasting_colour(accent),
            ..context! { ..Value::from(Serde(&config.mail.variables)), ..empty }
        };
        let templates = Self {
            languages: Arc::clone(languages),
            environments,
            defaults,
            links: config.links.clone(),
            join_requests: config.join_requests().unwrap_or_default(),
            public_url: config.public_url.clone(),
        };
        templates.render_each_kind(languages).context("mail.templates")?;
        Ok(templates)
    }

    /// Fails if a template cannot be rendered.
    fn render_each_kind(&self, languages: &Languages) -> Result<()> {
        for kind in [
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
            MailKind::Invitation { token: "", inviter: Some("a"), group: Some("a") },
            MailKind::Invitation { token: "", inviter: None, group: None },
        ] {
            for language in languages.all() {
                self.render(&kind, "", "", language)?;
            }
        }
        Ok(())
    }

    /// Renders a mail that addresses its recipient by `name`.
    pub fn render(
        &self,
        kind: &MailKind<'_>,
        recipient: &str,
        name: &str,
        language: &Language,
    ) -> Result<Message> {
        let (template, variables) = self.template_of(kind, language);
        let context = context! {
            t => self.languages.template_function(&language.code),
            language => language.code.as_str(),
            name => single_line(name),
            ..context! { ..variables, ..self.defaults.clone() }
        };
        let environment =
            self.environments.get(&language.code).context("the language is unknown to the mails")?;
        let render = |suffix: &str, context: &Value| -> Result<String> {
            let text = environment.get_template(&format!("{template}{suffix}"))?.render(context)?;
            Ok(text.trim().to_owned())
        };
        let subject = render(".subject.txt", &context)?;
        let context = context! { subject => subject.as_str(), ..context };
        Ok(Message {
            recipient: recipient.to_owned(),
            text: render(".txt", &context)?,
            html: render(".html", &context)?,
            subject,
        })
    }

    /// Returns the name of the template and its own variables.
    fn template_of(&self, kind: &MailKind<'_>, language: &Language) -> (&'static str, Value) {
        let links = &self.links;
        match *kind {
            MailKind::Activation { token, ends_password } => {
                ("activation", context! { link => self.link(&links.activation, token), ends_password })
            }
            MailKind::SecondaryEmail(token) => {
                ("secondary_email", context! { link => self.link(&links.secondary_email, token) })
            }
            MailKind::PasswordReset(token) => {
                ("password_reset", context! { link => self.link(&links.password_reset, token) })
            }
            MailKind::PasswordSet(token) => {
                ("password_set", context! { link => self.link(&links.password_set, token) })
            }
            MailKind::Notice(sentence) => ("notice", context! { sentence => language.translate(sentence) }),
            MailKind::Hint(sentence) => ("hint", context! { sentence => language.translate(sentence) }),
            MailKind::JoinRequest { id, requester, email, group } => {
                let variables = context! {
                    link => self.link(&self.join_requests, ""),
                    request_id => id,
                    requester => single_line(requester),
                    requester_email => single_line(email),
                    group => single_line(group),
                };
                ("join_request", variables)
            }
            MailKind::JoinAnswer { group, approved } => {
                ("join_answer", context! { group => single_line(group), approved })
            }
            MailKind::Invitation { token, inviter, group } => {
                let variables = context! {
                    link => self.link(&links.invitation, token),
                    inviter => single_line(inviter.unwrap_or_default()),
                    group => single_line(group.unwrap_or_default()),
                };
                ("invitation", variables)
            }
        }
    }

    /// Fills in a link. It is not escaped: the only character of a link that HTML escapes is `&`, which browsers accept
    /// unescaped.
    fn link(&self, template: &str, token: &str) -> Value {
        let link = template.replace("{public_url}", &self.public_url).replace("{token}", token);
        Value::from_safe_string(link)
    }
}
