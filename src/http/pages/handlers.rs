//! Shows the pages of links, redeems links, and sends mails.

use std::collections::HashMap;

use minijinja::context;
use poem::http::StatusCode;
use poem::http::header::{LOCATION, RETRY_AFTER};
use poem::{IntoResponse as _, Request, Response};

use super::PageEndpoint;
use super::content::{self, Link, MailForm};
use crate::accounts::{activation, password, secondary_email};
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::error::{Error, FieldErrors, Result};
use crate::http::client_ip;
use crate::http::request_log::Codes;
use crate::security::Viewer;
use crate::security::action_links::{self, LinkRejection, LinkStatus, Redeemed, ValidLink};
use crate::tokens::action::Action;

/// Much more than any form of a page contains.
const MAX_FORM_BYTES: usize = 16 * 1024;

type Form = HashMap<String, String>;

impl PageEndpoint {
    pub(super) async fn show_link(&self, action: Action, request: &Request) -> Response {
        let token = token(request);
        let rule = move |app: &App| {
            let action = actual_action(app, action, &token);
            Ok((content::link(action), action_links::status(app, action, &token)?))
        };
        match self.pool.call(Queue::Reading, rule).await {
            Ok((link, LinkStatus::Valid(valid))) => self.link_form(StatusCode::OK, link, &valid, &[]),
            Ok((link, status)) => self.unusable_link(link, &status),
            Err(error) => self.failed(&error),
        }
    }

    pub(super) async fn redeem_link(&self, action: Action, request: &mut Request) -> Response {
        let Some(form) = read_form(request).await else { return self.too_large() };
        let (viewer, token) = (client_ip::anonymous_viewer(request), token(request));
        let queue = if content::link(action).takes_password { Queue::Hashing } else { Queue::Writing };
        let rule = move |app: &App| {
            let action = actual_action(app, action, &token);
            Ok((content::link(action), redeem(app, &viewer, action, &token, &form)?))
        };
        match self.pool.call(queue, rule).await {
            Ok((_, Ok(path))) => self.redirect(&path),
            Ok((link, Err(LinkRejection { status: LinkStatus::Valid(valid), errors }))) => {
                rejected(&errors, |status, messages| self.link_form(status, link, &valid, messages))
            }
            Ok((_, Err(LinkRejection { errors, .. }))) if errors.retry_after().is_some() => {
                rejected(&errors, |status, _| self.theme.message(status, &content::TOO_MANY_ATTEMPTS))
            }
            Ok((link, Err(LinkRejection { status, .. }))) => self.unusable_link(link, &status),
            Err(error) => self.failed(&error),
        }
    }

    pub(super) async fn send_mail(&self, mail_form: &'static MailForm, request: &mut Request) -> Response {
        let Some(form) = read_form(request).await else { return self.too_large() };
        let (viewer, email) = (client_ip::anonymous_viewer(request), field(&form, "email").to_owned());
        let rule = move |app: &App| match mail_form.action {
            Action::Activation => activation::resend(app, &viewer, &email),
            _ => password::send_reset_mail(app, &viewer, &email),
        };
        match self.pool.call(Queue::Writing, rule).await {
            Ok(()) => self.redirect(mail_form.sent.path),
            Err(Error::Refused(errors)) => rejected(&errors, |status, messages| {
                self.mail_form(status, mail_form, field(&form, "email"), messages)
            }),
            Err(error) => self.failed(&error),
        }
    }

    fn link_form(&self, status: StatusCode, link: &Link, valid: &ValidLink, errors: &[String]) -> Response {
        let template = if link.takes_password { "password.html" } else { "confirm.html" };
        let values = context! {
            lead => link.lead,
            email => valid.email.as_str(),
            ends_password => valid.ends_password,
            button => link.button,
            errors => errors.to_vec(),
        };
        self.theme.page(status, template, link.title, values)
    }

    pub(super) fn mail_form(
        &self,
        status: StatusCode,
        form: &MailForm,
        email: &str,
        errors: &[String],
    ) -> Response {
        let values = context! { lead => form.lead, form_path => form.path, email, errors => errors.to_vec() };
        self.theme.page(status, "mail_form.html", form.title, values)
    }

    /// Explains why a link does not work, and offers to mail another one. If its action is done already, says so.
    fn unusable_link(&self, link: &Link, link_status: &LinkStatus) -> Response {
        let (status, message) = match link_status {
            LinkStatus::Valid(_) | LinkStatus::Done => {
                return self.theme.message(StatusCode::OK, &link.already_done);
            }
            LinkStatus::Used => (StatusCode::GONE, &content::LINK_USED),
            LinkStatus::Expired => (StatusCode::GONE, &content::LINK_EXPIRED),
            LinkStatus::Invalid => (StatusCode::NOT_FOUND, &content::LINK_INVALID),
        };
        let lead = format!("{} {}", message.text, link.if_unusable);
        let form_path = link.mail_form.map(|form| form.path);
        let values = context! { lead, form_path, email => "", tone => "trouble" };
        self.theme.page(status, "mail_form.html", message.title, values)
    }

    fn redirect(&self, path: &str) -> Response {
        Response::builder().status(StatusCode::SEE_OTHER).header(LOCATION, self.theme.address(path)).finish()
    }

    fn too_large(&self) -> Response {
        self.theme.message(StatusCode::PAYLOAD_TOO_LARGE, &content::TOO_LARGE)
    }

    fn failed(&self, error: &Error) -> Response {
        match error {
            Error::Unavailable(error) => {
                return self.theme.unavailable(&content::UNAVAILABLE, error.retry_after);
            }
            Error::OutcomeUnknown => {
                return self.theme.message(StatusCode::INTERNAL_SERVER_ERROR, &content::OUTCOME_UNKNOWN);
            }
            Error::Internal(error) => tracing::error!("{error:#}"),
            // The callers handle rejections.
            Error::Refused(_) | Error::BadRequest(_) => {}
        }
        self.theme.message(StatusCode::INTERNAL_SERVER_ERROR, &content::FAILED)
    }
}

/// Redeems a token and returns the path of the next page.
fn redeem(app: &App, viewer: &Viewer, action: Action, token: &str, form: &Form) -> Result<Redeemed<String>> {
    let passwords = ["new_password1", "new_password2"].map(|name| field(form, name));
    let password_token = match action {
        Action::Activation => activation::verify(app, viewer, token)?,
        Action::SecondaryEmail => secondary_email::verify(app, viewer, token)?.map(|()| None),
        Action::PasswordReset => password::reset(app, viewer, token, passwords)?.map(|()| None),
        Action::PasswordSet => password::set_first(app, viewer, token, passwords)?.map(|()| None),
    };
    Ok(password_token.map(|password_token| match password_token {
        Some(token) => format!("{}/{token}", content::link(Action::PasswordSet).path),
        None => content::link(action).done.path.to_owned(),
    }))
}

/// Returns the action of a token that arrived at the path of `action`. A link that confirms a secondary address may lead to the path
/// of activations, because django-graphql-auth has one path for both.
fn actual_action(app: &App, action: Action, token: &str) -> Action {
    let is_secondary =
        action == Action::Activation && action_links::action_of(app, token) == Some(Action::SecondaryEmail);
    if is_secondary { Action::SecondaryEmail } else { action }
}

/// Returns a page with error messages, and with `Retry-After` if the client is throttled.
fn rejected(errors: &FieldErrors, page: impl FnOnce(StatusCode, &[String]) -> Response) -> Response {
    let mut messages: Vec<String> = errors.messages().map(str::to_owned).collect();
    messages.dedup();
    let mut page = match errors.retry_after() {
        Some(seconds) => {
            let page = page(StatusCode::TOO_MANY_REQUESTS, &messages);
            page.with_header(RETRY_AFTER, seconds).into_response()
        }
        None => page(StatusCode::UNPROCESSABLE_ENTITY, &messages),
    };
    page.set_data(Codes(errors.codes().collect()));
    page
}

async fn read_form(request: &mut Request) -> Option<Form> {
    let body = request.take_body().into_bytes_limit(MAX_FORM_BYTES).await.ok()?;
    Some(url::form_urlencoded::parse(&body).into_owned().collect())
}

fn field<'a>(form: &'a Form, name: &str) -> &'a str {
    form.get(name).map(String::as_str).unwrap_or_default()
}

fn token(request: &Request) -> String {
    request.path_params::<String>().unwrap_or_default()
}
