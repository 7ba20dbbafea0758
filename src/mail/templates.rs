//! Mail templates. A file in the folder `mail.templates` replaces the file of the same name in `assets/mail/`.

use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;

use super::Message;
use crate::config::{Config, Links, TEMPLATE_VARIABLES};
use crate::language::{Language, Languages};
use crate::printable::single_line;

#[derive(RustEmbed)]
#[folder = "assets/mail/"]
struct BuiltIn;

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
    /// Reports a change of the account in a sentence.
    Notice(&'a str),
    /// Tells the owner of an address in a sentence what somebody requested with it. The response to the request must not
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
    environment: Environment<'static>,
    /// The variables that are the same in all mails.
    defaults: Value,
    links: Links,
    public_url: String,
}

impl Templates {
    pub(super) fn new(config: &Config, languages: &Arc<Languages>) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        });
        reject_unknown_files(config)?;
        for name in BuiltIn::iter() {
            let source = read(config, &name)?;
            environment
                .add_template_owned(name.to_string(), source)
                .map_err(|error| anyhow!("mail.templates: {name}: {error}"))?;
        }
        reject_unknown_variables(&environment, config)?;
        // A template may use any variable in any mail. Variables that the mail does not set are empty.
        let empty: Value = TEMPLATE_VARIABLES.into_iter().map(|name| (name, "")).collect();
        let defaults = context! {
            site_name => config.site_name(),
            api_url => Value::from_safe_string(format!("{}/graphql", config.public_url)),
            ..context! { ..Value::from(Serde(&config.mail.variables)), ..empty }
        };
        let templates = Self {
            languages: Arc::clone(languages),
            environment,
            defaults,
            links: config.links.clone(),
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
        let (template, variables) = self.template_of(kind);
        let context = context! {
            t => self.languages.template_function(&language.code),
            language => language.code.as_str(),
            name => single_line(name),
            ..context! { ..variables, ..self.defaults.clone() }
        };
        let render = |suffix: &str| -> Result<String> {
            Ok(self.environment.get_template(&format!("{template}{suffix}"))?.render(&context)?)
        };
        Ok(Message {
            recipient: recipient.to_owned(),
            subject: render(".subject.txt")?.trim().to_owned(),
            text: render(".txt")?,
            html: render(".html")?,
        })
    }

    /// Returns the name of the template and its own variables.
    fn template_of(&self, kind: &MailKind<'_>) -> (&'static str, Value) {
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
            MailKind::Notice(sentence) => ("notice", context! { sentence }),
            MailKind::Hint(sentence) => ("hint", context! { sentence }),
            MailKind::JoinRequest { id, requester, email, group } => {
                let variables = context! {
                    link => self.link(links.join_requests.as_deref().unwrap_or_default(), ""),
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

/// Rejects files that no mail uses, because their names are probably misspelled.
fn reject_unknown_files(config: &Config) -> Result<()> {
    let Some(folder) = &config.mail.templates else { return Ok(()) };
    let unreadable = || format!("mail.templates: {} cannot be read", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_template = name.ends_with(".txt") || name.ends_with(".html");
        if is_template && BuiltIn::get(&name).is_none() {
            let known: Vec<_> = BuiltIn::iter().collect();
            bail!("mail.templates: no mail uses {name}; the names are {}", known.join(", "));
        }
    }
    Ok(())
}

/// Rejects unknown variables. Unlike the errors of minijinja, this error contains the name of the variable.
fn reject_unknown_variables(environment: &Environment<'_>, config: &Config) -> Result<()> {
    let configured = config.mail.variables.keys().map(String::as_str);
    let known: Vec<&str> = TEMPLATE_VARIABLES.into_iter().chain(configured).collect();
    for (name, template) in environment.templates() {
        let mut used: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        used.sort();
        if let Some(unknown) = used.iter().find(|used| !known.contains(&used.as_str())) {
            bail!(
                "mail.templates: {name} uses the unknown variable {unknown}; add it to mail.variables, or use one of {}",
                known.join(", ")
            );
        }
    }
    Ok(())
}

/// Reads a template of the site, or else the built-in one.
fn read(config: &Config, name: &str) -> Result<String> {
    if let Some(folder) = &config.mail.templates {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            read => {
                return read.with_context(|| format!("mail.templates: {} cannot be read", path.display()));
            }
        }
    }
    let file = BuiltIn::get(name).with_context(|| format!("the template {name} is missing"))?;
    Ok(String::from_utf8(file.data.into_owned())?)
}
