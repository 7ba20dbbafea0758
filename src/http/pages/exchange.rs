//! Shows pages that may use the login of their viewer, and submits their forms.

use poem::http::StatusCode;
use poem::http::header::{CONTENT_DISPOSITION, RETRY_AFTER};
use poem::{IntoResponse as _, Request, Response};

use super::PageEndpoint;
use super::content;
use super::form::Form;
use super::session_page::{Access, Reply, SessionPage, done_sentence};
use super::values::context;
use super::visit::{Errors, Visit};
use crate::accounts::page_login;
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::error::{Error, FieldErrors, Result};
use crate::http::request_log::Codes;

/// The page on which a required second factor is set up.
pub(super) const SECOND_FACTOR: &str = "/account/second-factor";
/// The first segments of the paths to which a login may lead.
const OWN_PAGES: [&str; 3] = ["account", "admin", "invitation"];

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
            Reply::Forbidden(message) => theme.message(language, StatusCode::FORBIDDEN, message),
            Reply::Gone(message) => theme.message(language, StatusCode::GONE, message),
            Reply::Refused(sentence) => theme.refusal(language, &sentence),
            Reply::Failed(error) => self.failed(language, &error),
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
    let reply = show_with(app, page, &visit, &Errors::default());
    Ok(Outcome { visit, status: StatusCode::OK, reply, rejection: None })
}

/// Returns what a page shows, with errors of its form.
fn show_with(app: &App, page: &SessionPage, visit: &Visit, errors: &Errors) -> Reply {
    match (page.show)(app, visit) {
        Ok(reply) => with_common_values(app, visit, reply, errors),
        // The role or the session of the viewer may have ended since the request began.
        Err(Error::Refused(errors)) => {
            Reply::Refused(errors.messages().next().unwrap_or_default().to_owned())
        }
        Err(Error::BadRequest(sentence)) => Reply::Refused(sentence.into_owned()),
        Err(error) => Reply::Failed(error),
    }
}

fn submit(app: &App, page: &SessionPage, mut visit: Visit) -> Result<Outcome> {
    visit.authenticate(app, true)?;
    // It was the outcome of an earlier form.
    visit.query.remove("done");
    let (mut status, mut rejection) = (StatusCode::OK, None);
    let reply = match (turn_away(app, page, &visit)?, page.submit) {
        (Some(Reply::Redirect(path)), _) if path.starts_with(SECOND_FACTOR) => Reply::Redirect(path),
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
                // The response must still set a cookie that has been replaced.
                Err(error) => {
                    return Ok(Outcome { visit, status, reply: Reply::Failed(error), rejection });
                }
            };
            let is_throttled = rejection.as_ref().is_some_and(|errors| errors.retry_after().is_some());
            status =
                if is_throttled { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNPROCESSABLE_ENTITY };
            show_with(app, page, &visit, &errors)
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
    if session.account.verified_at.is_none() {
        return Ok(Some(Reply::Forbidden(&content::NOT_VERIFIED)));
    }
    if page.access != Access::SetUp && visit.lacks_second_factor(app) {
        return Ok(Some(Reply::Redirect(with_next(SECOND_FACTOR, &visit.path_and_query))));
    }
    if page.access != Access::Operator {
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
pub(super) fn with_next(path: &str, next: &str) -> String {
    let query: String =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{path}?{query}")
}

/// Returns the page to which a login leads, if it is one of this server.
pub(super) fn checked_next(next: &str) -> Option<&str> {
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let mut segments = path.strip_prefix('/')?.split('/');
    // Browsers shorten paths with dots, also if they are percent-encoded.
    let is_plain = |segment: &str| {
        segment.bytes().any(|byte| byte != b'.')
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let is_own = segments.clone().next().is_some_and(|first| OWN_PAGES.contains(&first));
    let is_query = query.bytes().all(|byte| byte.is_ascii_graphic());
    (is_own && is_query && segments.all(is_plain)).then_some(next)
}
