//! Shows pages with forms and submits them.

use minijinja::{Value, context};
use poem::http::StatusCode;
use poem::http::header::{CONTENT_DISPOSITION, RETRY_AFTER};
use poem::{IntoResponse as _, Request, Response};

use super::PageEndpoint;
use super::content::{self, MessagePage};
use super::definition::{Audience, Definition, Next, Shown, done_sentence};
use super::form::Form;
use super::visit::{Errors, Visit};
use crate::accounts::page_login;
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::error::{Error, FieldErrors, Result};
use crate::http::request_log::Codes;

/// The reply to a request for a page, before its template is rendered.
enum Reply {
    Page {
        status: StatusCode,
        values: Value,
        rejection: Option<FieldErrors>,
    },
    Redirect(String),
    Download {
        name: String,
        json: String,
    },
    NotFound,
    Gone(&'static MessagePage),
    /// The form was not made for this session or browser.
    Forged,
}

impl PageEndpoint {
    pub(super) async fn show_form(
        &self,
        page: &'static Definition,
        language: &str,
        request: &Request,
    ) -> Response {
        let mut visit = Visit::new(self.cookies, request, language, Form::default());
        let outcome = self.pool.call(Queue::Reading, move |app| {
            let reply = show(app, page, &mut visit)?;
            Ok((visit, reply))
        });
        self.respond(page, language, outcome.await)
    }

    pub(super) async fn submit_form(
        &self,
        page: &'static Definition,
        language: &str,
        request: &mut Request,
    ) -> Response {
        let Some(form) = Form::read(request).await else { return self.too_large(language) };
        let queue = if form.contains_password() { Queue::Hashing } else { Queue::Writing };
        let mut visit = Visit::new(self.cookies, request, language, form);
        let outcome = self.pool.call(queue, move |app| {
            let reply = submit(app, page, &mut visit)?;
            Ok((visit, reply))
        });
        self.respond(page, language, outcome.await)
    }

    fn respond(&self, page: &Definition, language: &str, outcome: Result<(Visit, Reply)>) -> Response {
        let (visit, reply) = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.failed(language, &error),
        };
        let language = visit.language.as_str();
        let mut response = match reply {
            Reply::Page { status, values, rejection } => {
                let mut response = self.theme.page(language, status, page.template, page.title, values);
                if let Some(errors) = rejection {
                    response.set_data(Codes(errors.codes().collect()));
                    if let Some(seconds) = errors.retry_after() {
                        response.headers_mut().insert(RETRY_AFTER, seconds.into());
                    }
                }
                response
            }
            Reply::Redirect(path) => self.redirect(&path),
            Reply::Download { name, json } => Response::builder()
                .content_type("application/json")
                .header(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
                .body(json),
            Reply::NotFound => self.theme.message(language, StatusCode::NOT_FOUND, &content::NOT_FOUND),
            Reply::Gone(message) => self.theme.message(language, StatusCode::GONE, message),
            Reply::Forged => self.theme.message(language, StatusCode::FORBIDDEN, &content::OLD_FORM),
        };
        visit.finish(&mut response);
        response.into_response()
    }
}

/// Returns what a page shows, or where a viewer is sent who may not see it.
fn show(app: &App, page: &Definition, visit: &mut Visit) -> Result<Reply> {
    visit.authenticate(app, page.submit.is_some())?;
    if let Some(reply) = turn_away(app, page, visit)? {
        return Ok(reply);
    }
    let status = StatusCode::OK;
    match (page.show)(app, visit) {
        Ok(shown) => Ok(reply_of(app, visit, status, shown, &Errors::default(), None)),
        // A rule for members or representatives, whose role may have changed.
        Err(Error::BadRequest(sentence)) => {
            let errors = Errors::general(&sentence);
            let shown = Shown::Page(Value::UNDEFINED);
            Ok(reply_of(app, visit, StatusCode::FORBIDDEN, shown, &errors, None))
        }
        Err(error) => Err(error),
    }
}

fn submit(app: &App, page: &Definition, visit: &mut Visit) -> Result<Reply> {
    visit.authenticate(app, page.submit.is_some())?;
    if let Some(reply) = turn_away(app, page, visit)? {
        return Ok(reply);
    }
    if !visit.has_form_token(app) {
        return Ok(Reply::Forged);
    }
    let Some(rule) = page.submit else { return Ok(Reply::NotFound) };
    let (errors, rejection) = match rule(app, visit) {
        Ok(Next::Redirect(path)) => return Ok(Reply::Redirect(path)),
        Ok(Next::Download { name, json }) => return Ok(Reply::Download { name, json }),
        Ok(Next::Page(values)) => {
            let shown = Shown::Page(values);
            return Ok(reply_of(app, visit, StatusCode::OK, shown, &Errors::default(), None));
        }
        Err(Error::Refused(errors)) => (Errors::new(&errors, page.fields), Some(errors)),
        Err(Error::BadRequest(sentence)) => (Errors::general(&sentence), None),
        Err(error) => return Err(error),
    };
    let is_throttled = rejection.as_ref().is_some_and(|errors| errors.retry_after().is_some());
    let status = if is_throttled { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(reply_of(app, visit, status, (page.show)(app, visit)?, &errors, rejection))
}

/// Returns the reply to a viewer whom the page is not for.
fn turn_away(app: &App, page: &Definition, visit: &Visit) -> Result<Option<Reply>> {
    if page.audience == Audience::Everybody {
        return Ok(None);
    }
    let Some(session) = &visit.session else {
        return Ok(Some(Reply::Redirect(with_next("/account/login", &visit.address))));
    };
    if page.audience == Audience::Owner {
        return Ok(None);
    }
    // The page does not reveal that it exists.
    if !session.account.is_staff {
        return Ok(Some(Reply::NotFound));
    }
    let may_enter = page_login::enter_admin(app, &visit.viewer, session)?;
    Ok((!may_enter).then(|| Reply::Redirect(with_next("/account/confirm", &visit.address))))
}

fn reply_of(
    app: &App,
    visit: &Visit,
    status: StatusCode,
    shown: Shown,
    errors: &Errors,
    rejection: Option<FieldErrors>,
) -> Reply {
    match shown {
        Shown::Redirect(path) => Reply::Redirect(path),
        Shown::NotFound => Reply::NotFound,
        Shown::Gone(message) => Reply::Gone(message),
        Shown::Page(values) => {
            let done = done_sentence(visit.query.get("done"));
            let values = context! { done, wide => visit.session.is_some(), ..context! { ..values, ..visit.values(app, errors) } };
            Reply::Page { status, values, rejection }
        }
    }
}

/// Returns the address of a page that leads to another one afterwards.
pub(super) fn with_next(path: &str, next: &str) -> String {
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{path}?{query}")
}

/// Returns the page to which a login leads, if it is one of this server.
pub(super) fn checked_next(next: &str) -> Option<&str> {
    let is_own = ["/account", "/admin", "/invitation/"].iter().any(|own| next.starts_with(own));
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_own && is_plain && !next.contains("//")).then_some(next)
}
