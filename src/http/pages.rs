//! Pages for people: what the links in mails lead to, and a front page. Rendered here, without script.
//!
//! A GET changes nothing, since scanners of mail follow links; a button posts. The rules behind are those of the
//! mutations. After a success the browser goes to an address without a token, so that none stays in the address bar. The
//! one exception is an activation that ends the password: it goes to the link for a new one.
//!
//! No cookie and no password of a browser stands behind these forms, so a request that another site forges has no
//! more power than its author: who has a token may use it anyway. What is left is mail that another site makes a
//! visitor's browser ask for; browsers say where such a request comes from, and it is refused.

mod content;
mod theme;

use std::sync::Arc;

use poem::error::NotFoundError;
use poem::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, LOCATION, ORIGIN, RETRY_AFTER,
};
use poem::http::uri::Authority;
use poem::http::{Method, StatusCode};
use poem::{IntoResponse as _, Request, Response, Result};
use serde_json::json;

use super::RouteTable;
use super::headers::wants_page;
use super::request_log::{Codes, FALLBACK};
use super::{client, endpoint};
use crate::accounts::{activation, password, secondary_email};
use crate::app::App;
use crate::blocking_pool::{BlockingPool, Queue};
use crate::error::{self, Error, FieldErrors};
use crate::security::Viewer;
use crate::security::action_links::{self, LinkRejection, LinkStatus, ValidLink};
use crate::tokens::action::Action;
use content::{Ask, DONE, Link, MAILED, Notice};
pub(super) use theme::Theme;

/// No form of ours comes near.
const MAX_FORM: usize = 16 * 1024;
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Nothing but our own style sheet and pictures, and forms that lead back here.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// One address.
#[derive(Clone)]
struct Page {
    site: Arc<Site>,
    kind: Kind,
}

struct Site {
    theme: Arc<Theme>,
    pool: Arc<BlockingPool>,
}

/// What is at an address.
#[derive(Clone, Copy)]
enum Kind {
    Front,
    /// A link from a mail, by what its path says that it is for.
    Link(Action),
    /// A form that asks for a mail.
    Ask(&'static Ask),
    /// What is shown when something was done.
    Done(&'static Notice),
    /// What is shown when a mail was asked for.
    Mailed(&'static Notice),
    Style,
    Picture,
    Favicon,
    /// Everywhere else.
    Nowhere,
}

/// Adds the pages.
pub(super) fn add(mut routes: RouteTable, theme: Arc<Theme>, pool: Arc<BlockingPool>) -> RouteTable {
    let (style, picture) = (theme.style_path(), theme.picture_path());
    let site = Arc::new(Site { theme, pool });
    let page = |kind| Page { site: Arc::clone(&site), kind };
    routes = routes.at(style, page(Kind::Style)).at(picture, page(Kind::Picture));
    routes = routes.at(theme::FAVICON, page(Kind::Favicon));
    for link in &content::LINKS {
        routes = routes.at(format!("{}/:token", link.path), page(Kind::Link(link.action)));
    }
    for ask in [&content::ACTIVATION_MAIL, &content::PASSWORD_MAIL] {
        routes = routes.at(ask.path, page(Kind::Ask(ask)));
    }
    for notice in DONE.iter().chain([&content::JOIN_REQUESTS]) {
        routes = routes.at(notice.path, page(Kind::Done(notice)));
    }
    for notice in &MAILED {
        routes = routes.at(notice.path, page(Kind::Mailed(notice)));
    }
    // The router takes this for `/` as well, whatever else is there.
    routes.at(FALLBACK, page(Kind::Nowhere))
}

impl poem::Endpoint for Page {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let is_front = matches!(self.kind, Kind::Nowhere) && request.uri().path() == "/";
        let kind = if is_front { Kind::Front } else { self.kind };
        let answer = match (request.method().clone(), kind) {
            (_, Kind::Nowhere) if !wants_page(&request) => return Err(NotFoundError.into()),
            (Method::GET | Method::HEAD, kind) => self.show(kind, &request).await,
            (Method::POST, Kind::Link(_) | Kind::Ask(_)) => self.post(&mut request).await,
            _ => self.site.message(StatusCode::METHOD_NOT_ALLOWED, &content::WRONG_METHOD),
        };
        Ok(answer)
    }
}

impl Page {
    async fn show(&self, kind: Kind, request: &Request) -> Response {
        let site = &self.site;
        match kind {
            Kind::Front => site.theme.page(StatusCode::OK, "front.html", "", &json!({})),
            Kind::Style => site.theme.style(),
            Kind::Picture => site.theme.picture(),
            Kind::Favicon => site.theme.favicon(),
            Kind::Nowhere => site.message(StatusCode::NOT_FOUND, &content::NOTHING_HERE),
            Kind::Done(notice) => site.message(StatusCode::OK, notice),
            Kind::Mailed(notice) => site.mailed(notice),
            Kind::Ask(ask) => site.ask(StatusCode::OK, ask, "", &[]),
            Kind::Link(action) => {
                let token = token(request);
                match site.check_link(action, &token).await {
                    Ok((link, LinkStatus::Valid(valid))) => site.link(StatusCode::OK, link, &valid, &[]),
                    Ok((link, status)) => site.trouble(link, &status),
                    Err(error) => site.failed(&error),
                }
            }
        }
    }

    async fn post(&self, request: &mut Request) -> Response {
        let site = &self.site;
        if is_forged(request) {
            return site.message(StatusCode::FORBIDDEN, &content::FORGED);
        }
        let viewer = Viewer::at(client::of(request));
        let Ok(form) = request.take_body().into_bytes_limit(MAX_FORM).await else {
            return site.message(StatusCode::PAYLOAD_TOO_LARGE, &content::TOO_LARGE);
        };
        let member = |name: &str| {
            let found = url::form_urlencoded::parse(&form).find(|(known, _)| known == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        match self.kind {
            Kind::Ask(ask) => site.send(viewer, ask, member("email")).await,
            Kind::Link(action) => {
                let passwords = [member("new_password1"), member("new_password2")];
                site.redeem(viewer, action, token(request), passwords).await
            }
            _ => site.message(StatusCode::METHOD_NOT_ALLOWED, &content::WRONG_METHOD),
        }
    }
}

impl Site {
    /// Returns the status of a link.
    async fn check_link(&self, action: Action, token: &str) -> error::Result<(&'static Link, LinkStatus)> {
        let token = token.to_owned();
        let check = move |app: &App| {
            let action = actual_action(app, action, &token);
            Ok((content::link(action), action_links::status(app, action, &token)?))
        };
        self.pool.call(Queue::Reading, check).await
    }

    /// Performs the action of a link.
    async fn redeem(
        &self,
        viewer: Viewer,
        action: Action,
        token: String,
        passwords: [String; 2],
    ) -> Response {
        let queue = if content::link(action).password { Queue::Hashing } else { Queue::Writing };
        let rule = move |app: &App| {
            let passwords = [passwords[0].as_str(), passwords[1].as_str()];
            let link = content::link(actual_action(app, action, &token));
            let redeemed = match link.action {
                Action::Activation => activation::verify(app, &viewer, &token)?,
                Action::SecondaryEmail => secondary_email::verify(app, &viewer, &token)?.map(|()| None),
                Action::PasswordReset => password::reset(app, &viewer, &token, passwords)?.map(|()| None),
                Action::PasswordSet => password::set_first(app, &viewer, &token, passwords)?.map(|()| None),
            };
            Ok((link, redeemed))
        };
        match self.pool.call(queue, rule).await {
            Ok((link, Ok(None))) => self.see_other(link.done.path),
            Ok((_, Ok(Some(password_token)))) => {
                self.see_other(&format!("{}/{password_token}", content::link(Action::PasswordSet).path))
            }
            Ok((link, Err(LinkRejection { status: LinkStatus::Valid(valid), errors }))) => {
                with_patience(&errors, |status| self.link(status, link, &valid, &sentences(&errors)))
            }
            Ok((link, Err(LinkRejection { status, .. }))) => self.trouble(link, &status),
            Err(error) => self.failed(&error),
        }
    }

    /// Asks for a mail.
    async fn send(&self, viewer: Viewer, ask: &'static Ask, email: String) -> Response {
        let address = email.clone();
        let rule = move |app: &App| match ask.action {
            Action::Activation => activation::resend(app, &viewer, &address),
            _ => password::send_reset_mail(app, &viewer, &address),
        };
        match self.pool.call(Queue::Writing, rule).await {
            Ok(()) => self.see_other(ask.done.path),
            Err(Error::Refused(errors)) => {
                with_patience(&errors, |status| self.ask(status, ask, &email, &sentences(&errors)))
            }
            Err(error) => self.failed(&error),
        }
    }

    fn link(&self, status: StatusCode, link: &Link, valid: &ValidLink, complaints: &[String]) -> Response {
        let template = if link.password { "password.html" } else { "confirm.html" };
        let words = json!({
            "lead": link.lead,
            "email": valid.email,
            "ends_password": valid.ends_password,
            "button": link.button,
            "complaints": complaints,
        });
        self.theme.page(status, template, link.title, &words)
    }

    fn ask(&self, status: StatusCode, ask: &Ask, email: &str, complaints: &[String]) -> Response {
        let words = json!({ "lead": ask.lead, "ask": ask, "email": email, "complaints": complaints });
        self.theme.page(status, "ask.html", ask.title, &words)
    }

    /// Says why a link does not work, and offers to mail another one.
    fn trouble(&self, link: &Link, link_status: &LinkStatus) -> Response {
        let (status, notice) = match link_status {
            LinkStatus::Valid(_) | LinkStatus::Done => {
                return self.message(StatusCode::OK, &link.done_already);
            }
            LinkStatus::Used => (StatusCode::GONE, &content::LINK_USED),
            LinkStatus::Expired => (StatusCode::GONE, &content::LINK_EXPIRED),
            LinkStatus::Invalid => (StatusCode::NOT_FOUND, &content::LINK_INVALID),
        };
        let lead = format!("{} {}", notice.text, link.instead);
        let words = json!({ "lead": lead, "ask": link.ask, "email": "", "tone": "trouble" });
        self.theme.page(status, "ask.html", notice.title, &words)
    }

    fn message(&self, status: StatusCode, notice: &Notice) -> Response {
        message(&self.theme, status, notice)
    }

    fn mailed(&self, notice: &Notice) -> Response {
        let words = json!({ "lead": notice.text, "mailed": true });
        self.theme.page(StatusCode::OK, "message.html", notice.title, &words)
    }

    fn see_other(&self, path: &str) -> Response {
        Response::builder().status(StatusCode::SEE_OTHER).header(LOCATION, self.theme.address(path)).finish()
    }

    fn failed(&self, error: &Error) -> Response {
        match error {
            Error::Unavailable(unavailable) => {
                let page = self.message(StatusCode::SERVICE_UNAVAILABLE, &content::UNAVAILABLE);
                return page.with_header(RETRY_AFTER, unavailable.retry_after).into_response();
            }
            Error::Internal(error) => tracing::error!("{error:#}"),
            Error::Refused(_) | Error::BadRequest(_) => {}
        }
        self.message(StatusCode::INTERNAL_SERVER_ERROR, &content::FAILED)
    }
}

/// Returns the action of a link to a page. A link that confirms a secondary address may lead to the page for activations,
/// because the settings of django-graphql-auth have one path for both.
fn actual_action(app: &App, action: Action, token: &str) -> Action {
    let named = action_links::action_of(app, token);
    if action == Action::Activation && named == Some(Action::SecondaryEmail) {
        Action::SecondaryEmail
    } else {
        action
    }
}

/// Refuses a request of a client that has too many of them under way.
pub(super) fn too_many(theme: &Theme) -> Response {
    let page = message(theme, StatusCode::SERVICE_UNAVAILABLE, &content::UNAVAILABLE);
    page.with_header(RETRY_AFTER, endpoint::PAUSE).into_response()
}

/// Ends a request that took too long.
pub(super) fn too_late(theme: &Theme) -> Response {
    let page = message(theme, StatusCode::SERVICE_UNAVAILABLE, &content::TOO_LATE);
    page.with_header(RETRY_AFTER, endpoint::PAUSE).into_response()
}

fn message(theme: &Theme, status: StatusCode, notice: &Notice) -> Response {
    let tone = if status.is_success() { "" } else { "trouble" };
    let words = json!({ "lead": notice.text, "tone": tone });
    theme.page(status, "message.html", notice.title, &words)
}

/// Returns a page of error messages. Its status and headers say when to try again if that is what helps.
fn with_patience(errors: &FieldErrors, page: impl FnOnce(StatusCode) -> Response) -> Response {
    let mut page = match errors.retry_after() {
        Some(seconds) => {
            page(StatusCode::TOO_MANY_REQUESTS).with_header(RETRY_AFTER, seconds).into_response()
        }
        None => page(StatusCode::UNPROCESSABLE_ENTITY),
    };
    page.set_data(Codes(errors.codes().collect()));
    page
}

fn token(request: &Request) -> String {
    request.path_params::<String>().unwrap_or_default()
}

/// Whether another site made a browser send this (Fetch Metadata, W3C). Our own forms come without an origin, since
/// no page tells where it is; programs send neither header.
fn is_forged(request: &Request) -> bool {
    match (request.header(FETCH_SITE), request.header(ORIGIN)) {
        (Some(from), _) => !matches!(from, "same-origin" | "none"),
        (None, Some("null") | None) => false,
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            // HTTP/2 has no such header, and says it in the address of the request.
            let own = request.header(HOST).or_else(|| request.uri().authority().map(Authority::as_str));
            host.is_none() || host != own
        }
    }
}

/// All complaints, each once.
fn sentences(errors: &FieldErrors) -> Vec<String> {
    let mut sentences: Vec<String> = errors.messages().map(str::to_owned).collect();
    sentences.dedup();
    sentences
}

/// A page in HTML, under the policy of pages.
fn html(status: StatusCode, body: String) -> Response {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .body(body)
}
