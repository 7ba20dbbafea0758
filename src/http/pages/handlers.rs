//! Shows the pages of links, redeems links, and sends mails.

use poem::http::StatusCode;
use poem::http::header::RETRY_AFTER;
use poem::{IntoResponse as _, Request, Response};

use super::PageEndpoint;
use super::content::{self, Link, MailForm};
use super::form::Form;
use super::values::context;
use crate::accounts::{activation, password, secondary_email};
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::error::{Error, FieldErrors, Result};
use crate::http::client_ip;
use crate::http::request_log::Codes;
use crate::security::Viewer;
use crate::security::action_links::{self, LinkRejection, LinkStatus, Redeemed, ValidLink};
use crate::tokens::action::Action;

impl PageEndpoint {
    pub(super) async fn show_link(&self, action: Action, language: &str, request: &Request) -> Response {
        let token = token(request);
        let rule = move |app: &App| {
            let action = actual_action(app, action, &token);
            Ok((content::link(action), action_links::status(app, action, &token)?))
        };
        match self.pool.call(Queue::Reading, rule).await {
            Ok((link, LinkStatus::Valid(valid))) => {
                self.link_form(language, StatusCode::OK, link, &valid, &[])
            }
            Ok((link, status)) => self.unusable_link(language, link, &status),
            Err(error) => self.failed(language, &error),
        }
    }

    pub(super) async fn redeem_link(
        &self,
        action: Action,
        language: &str,
        request: &mut Request,
    ) -> Response {
        let Some(form) = Form::read(request).await else { return self.too_large(language) };
        let (viewer, token) = (client_ip::anonymous_viewer(request), token(request));
        let queue = if content::link(action).takes_password { Queue::Hashing } else { Queue::Writing };
        let rule = move |app: &App| {
            let action = actual_action(app, action, &token);
            Ok((content::link(action), redeem(app, &viewer, action, &token, &form)?))
        };
        match self.pool.call(queue, rule).await {
            Ok((_, Ok(path))) => self.redirect(&path),
            Ok((link, Err(LinkRejection { status: LinkStatus::Valid(valid), errors }))) => {
                rejected(&errors, |status, messages| self.link_form(language, status, link, &valid, messages))
            }
            Ok((_, Err(LinkRejection { errors, .. }))) if errors.retry_after().is_some() => {
                rejected(&errors, |status, _| {
                    self.theme.message(language, status, &content::TOO_MANY_ATTEMPTS)
                })
            }
            Ok((link, Err(LinkRejection { status, .. }))) => self.unusable_link(language, link, &status),
            Err(error) => self.failed(language, &error),
        }
    }

    pub(super) async fn send_mail(
        &self,
        mail_form: &'static MailForm,
        language: &str,
        request: &mut Request,
    ) -> Response {
        let Some(form) = Form::read(request).await else { return self.too_large(language) };
        let (viewer, email) = (client_ip::anonymous_viewer(request), form.get("email").to_owned());
        let rule = move |app: &App| match mail_form.action {
            Action::Activation => activation::resend(app, &viewer, &email),
            _ => password::send_reset_mail(app, &viewer, &email),
        };
        match self.pool.call(Queue::Writing, rule).await {
            Ok(()) => self.redirect(mail_form.sent.path),
            Err(Error::Refused(errors)) => rejected(&errors, |status, messages| {
                self.mail_form(language, status, mail_form, form.get("email"), messages)
            }),
            Err(error) => self.failed(language, &error),
        }
    }

    fn link_form(
        &self,
        language: &str,
        status: StatusCode,
        link: &Link,
        valid: &ValidLink,
        errors: &[String],
    ) -> Response {
        let template = if link.takes_password { "password.html" } else { "confirm.html" };
        let values = context! {
            lead => link.lead,
            email => valid.email.as_str(),
            ends_password => valid.ends_password,
            button => link.button,
            errors => self.theme.translate_all(language, errors),
        };
        self.theme.page(language, status, template, link.title, values)
    }

    pub(super) fn mail_form(
        &self,
        language: &str,
        status: StatusCode,
        form: &MailForm,
        email: &str,
        errors: &[String],
    ) -> Response {
        let values = context! { lead => [form.lead], form_path => form.path, email, errors => self.theme.translate_all(language, errors) };
        self.theme.page(language, status, "mail_form.html", form.title, values)
    }

    /// Explains why a link does not work, and offers to mail another one. If its action is done already, says so.
    fn unusable_link(&self, language: &str, link: &Link, link_status: &LinkStatus) -> Response {
        let (status, message) = match link_status {
            LinkStatus::Valid(_) | LinkStatus::Done => {
                return self.theme.message(language, StatusCode::OK, &link.already_done);
            }
            LinkStatus::Used => (StatusCode::GONE, &content::LINK_USED),
            LinkStatus::Expired => (StatusCode::GONE, &content::LINK_EXPIRED),
            LinkStatus::Invalid => (StatusCode::NOT_FOUND, &content::LINK_INVALID),
        };
        let lead = [message.text, link.if_unusable];
        let form_path = link.mail_form.map(|form| form.path);
        let values = context! { lead, form_path, email => "", tone => "trouble" };
        self.theme.page(language, status, "mail_form.html", message.title, values)
    }

    pub(super) fn too_large(&self, language: &str) -> Response {
        self.theme.message(language, StatusCode::PAYLOAD_TOO_LARGE, &content::TOO_LARGE)
    }

    pub(super) fn failed(&self, language: &str, error: &Error) -> Response {
        match error {
            Error::Unavailable(error) => {
                return self.theme.unavailable(language, &content::UNAVAILABLE, error.retry_after);
            }
            Error::OutcomeUnknown => {
                return self.theme.message(
                    language,
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &content::OUTCOME_UNKNOWN,
                );
            }
            Error::Internal(error) => tracing::error!("{error:#}"),
            // The callers handle rejections.
            Error::Refused(_) | Error::BadRequest(_) => {}
        }
        self.theme.message(language, StatusCode::INTERNAL_SERVER_ERROR, &content::FAILED)
    }
}

/// Redeems a token and returns the path of the next page.
fn redeem(app: &App, viewer: &Viewer, action: Action, token: &str, form: &Form) -> Result<Redeemed<String>> {
    let passwords = ["new_password1", "new_password2"].map(|name| form.get(name));
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

fn token(request: &Request) -> String {
    request.path_params::<String>().unwrap_or_default()
}
