//! Shows pages that may use the login of their viewer, and submits their forms.

use minijinja::{Value, context};
use poem::http::StatusCode;
use poem::http::header::{CONTENT_DISPOSITION, RETRY_AFTER};
use poem::{IntoResponse as _, Request, Response};

use super::PageEndpoint;
use super::content;
use super::form::Form;
use super::session_page::{Access, Reply, SessionPage, done_sentence};
use super::visit::{Errors, Visit};
use crate::accounts::page_login;
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::error::{Error, FieldErrors, Result};
use crate::http::request_log::Codes;

/// What a thread that may block returns: everything that the response needs.
struct Outcome {
    visit: Visit,
    status: StatusCode,
    /// The values of [`Reply::Page`] include those that all pages have.
    reply: Reply,
    rejection: Option<FieldErrors>,
}

impl PageEndpoint {
    pub(super) async fn show_page(
        &self,
        page: &'static SessionPage,
        language: &str,
        request: &Request,
    ) -> Response {
        let visit = Visit::new(self.cookies, request, language, Form::default());
        let outcome = self.pool.call(Queue::Reading, move |app| show(app, page, visit)).await;
        self.respond(page, language, outcome)
    }

    pub(super) async fn submit_form(
        &self,
        page: &'static SessionPage,
        language: &str,
        request: &mut Request,
    ) -> Response {
        let Some(form) = Form::read(request).await else { return self.too_large(language) };
        let queue = if form.contains_password() { Queue::Hashing } else { Queue::Writing };
        let visit = Visit::new(self.cookies, request, language, form);
        let outcome = self.pool.call(queue, move |app| submit(app, page, visit)).await;
        self.respond(page, language, outcome)
    }

    fn respond(&self, page: &SessionPage, language: &str, outcome: Result<Outcome>) -> Response {
        let Outcome { visit, status, reply, rejection } = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.failed(language, &error),
        };
        let (theme, language) = (&self.theme, visit.language.as_str());
        let mut response = match reply {
            Reply::Page(values) => theme.page(language, status, page.template, page.title, values),
            Reply::Redirect(path) => self.redirect(&path),
            Reply::Download { name, json } => Response::builder()
                .content_type("application/json")
                .header(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
                .body(json),
            Reply::NotFound => theme.message(language, StatusCode::NOT_FOUND, &content::NOT_FOUND),
            Reply::Gone(message) => theme.message(language, StatusCode::GONE, message),
            Reply::Forged => theme.message(language, StatusCode::FORBIDDEN, &content::OLD_FORM),
        };
        if let Some(errors) = rejection {
            response.set_data(Codes(errors.codes().collect()));
            if let Some(seconds) = errors.retry_after() {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
        }
        visit.finish(&mut response);
        response.into_response()
    }
}

/// Returns what a page shows, or where a viewer is sent who may not see it.
fn show(app: &App, page: &SessionPage, mut visit: Visit) -> Result<Outcome> {
    visit.authenticate(app, page.submit.is_some())?;
    if let Some(reply) = turn_away(app, page, &visit)? {
        return Ok(Outcome { visit, status: StatusCode::OK, reply, rejection: None });
    }
    let (status, reply, errors) = match (page.show)(app, &visit) {
        Ok(reply) => (StatusCode::OK, reply, Errors::default()),
        // A rule for members or representatives, whose role may have changed.
        Err(Error::BadRequest(sentence)) => {
            (StatusCode::FORBIDDEN, Reply::Page(Value::UNDEFINED), Errors::general(&sentence))
        }
        Err(error) => return Err(error),
    };
    let reply = with_common_values(app, &visit, reply, &errors);
    Ok(Outcome { visit, status, reply, rejection: None })
}

fn submit(app: &App, page: &SessionPage, mut visit: Visit) -> Result<Outcome> {
    visit.authenticate(app, true)?;
    let (mut status, mut rejection) = (StatusCode::OK, None);
    let reply = match (turn_away(app, page, &visit)?, page.submit) {
        (Some(Reply::Redirect(path)), _) => Reply::Redirect(format!("{path}&done=not_sent")),
        (Some(reply), _) => reply,
        (None, None) => Reply::NotFound,
        (None, Some(_)) if !visit.has_form_token(app) => Reply::Forged,
        (None, Some(rule)) => {
            let errors = match rule(app, &mut visit) {
                Ok(reply) => {
                    let reply = with_common_values(app, &visit, reply, &Errors::default());
                    return Ok(Outcome { visit, status, reply, rejection });
                }
                Err(Error::Refused(errors)) => {
                    let sorted = Errors::new(&errors, page.fields);
                    rejection = Some(errors);
                    sorted
                }
                Err(Error::BadRequest(sentence)) => Errors::general(&sentence),
                Err(error) => return Err(error),
            };
            let is_throttled = rejection.as_ref().is_some_and(|errors| errors.retry_after().is_some());
            status =
                if is_throttled { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNPROCESSABLE_ENTITY };
            with_common_values(app, &visit, (page.show)(app, &visit)?, &errors)
        }
    };
    Ok(Outcome { visit, status, reply, rejection })
}

/// Returns the reply to a viewer whom the page is not for.
fn turn_away(app: &App, page: &SessionPage, visit: &Visit) -> Result<Option<Reply>> {
    if page.access == Access::Everybody {
        return Ok(None);
    }
    let Some(session) = &visit.session else {
        return Ok(Some(Reply::Redirect(with_next("/account/login", &visit.path_and_query))));
    };
    if page.access == Access::Owner {
        return Ok(None);
    }
    // The page does not reveal that it exists.
    if !session.account.is_staff {
        return Ok(Some(Reply::NotFound));
    }
    let may_enter = page_login::enter_admin(app, &visit.viewer, session)?;
    Ok((!may_enter).then(|| Reply::Redirect(with_next("/account/confirm", &visit.path_and_query))))
}

/// Adds the values that all templates of these pages use.
fn with_common_values(app: &App, visit: &Visit, reply: Reply, errors: &Errors) -> Reply {
    let Reply::Page(values) = reply else { return reply };
    let done = done_sentence(visit.query.get("done"));
    Reply::Page(context! { done, ..context! { ..values, ..visit.values(app, errors) } })
}

/// Returns the path of a page that leads to another one afterwards.
fn with_next(path: &str, next: &str) -> String {
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
