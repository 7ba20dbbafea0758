//! HTML pages without scripts: the targets of links in mails, forms that ask for a mail, and a front page.
//!
//! A GET changes nothing, because mail scanners follow links; a button sends a POST. Pages call the same rules as the
//! mutations. A success redirects the browser to an address without a token, so that no token stays in the address bar.
//! The exception is an activation that deletes the password: it redirects to the link that sets a new one.
//!
//! The forms need no CSRF token: nothing that a browser sends by itself, such as a cookie, authenticates them, and the
//! author of a forged request can send it without a browser as well. But another site could make the browsers of its
//! visitors request mails, so a request that a browser marks as sent by another site is rejected.

mod content;
mod handlers;
mod theme;

use std::sync::Arc;

use minijinja::context;
use poem::error::NotFoundError;
use poem::http::header::{HOST, HeaderName, ORIGIN};
use poem::http::uri::Authority;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Response, Result};
use strum::VariantArray as _;

use super::headers::accepts_html;
use super::request_log::FALLBACK;
use crate::blocking_pool::BlockingPool;
use crate::tokens::action::Action;
use content::MailForm;
pub(super) use content::{MessagePage, TIMED_OUT, UNAVAILABLE};
pub(super) use theme::Theme;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) struct PageEndpoint {
    theme: Arc<Theme>,
    pool: Arc<BlockingPool>,
    page: Page,
}

#[derive(Clone, Copy)]
enum Page {
    Front,
    /// The target of a link in a mail, with the action of its path.
    Link(Action),
    MailForm(&'static MailForm),
    Message(&'static MessagePage),
    /// A style sheet or picture.
    Asset,
    NotFound,
}

/// Returns the paths of all pages with their endpoints.
pub(super) fn routes(theme: &Arc<Theme>, pool: &Arc<BlockingPool>) -> Vec<(String, PageEndpoint)> {
    let mut pages: Vec<(String, Page)> =
        theme.asset_paths().into_iter().map(|path| (path.to_owned(), Page::Asset)).collect();
    for &action in Action::VARIANTS {
        let link = content::link(action);
        pages.push((format!("{}/:token", link.path), Page::Link(action)));
        pages.push((link.done.path.to_owned(), Page::Message(&link.done)));
    }
    for form in [&content::ACTIVATION_MAIL, &content::PASSWORD_MAIL] {
        pages.push((form.path.to_owned(), Page::MailForm(form)));
        pages.push((form.sent.path.to_owned(), Page::Message(&form.sent)));
    }
    pages.push((content::JOIN_REQUESTS.path.to_owned(), Page::Message(&content::JOIN_REQUESTS)));
    // poem also matches this route for `/`, even if there is a route for `/`.
    pages.push((FALLBACK.to_owned(), Page::NotFound));
    let endpoint = |page| PageEndpoint { theme: Arc::clone(theme), pool: Arc::clone(pool), page };
    pages.into_iter().map(|(path, page)| (path, endpoint(page))).collect()
}

impl Endpoint for PageEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let is_front = matches!(self.page, Page::NotFound) && request.uri().path() == "/";
        let page = if is_front { Page::Front } else { self.page };
        Ok(match (request.method().clone(), page) {
            (_, Page::NotFound) if !accepts_html(&request) => return Err(NotFoundError.into()),
            (Method::GET | Method::HEAD, page) => self.get(page, &request).await,
            (Method::POST, Page::Link(_) | Page::MailForm(_)) if is_cross_site(&request) => {
                self.theme.message(StatusCode::FORBIDDEN, &content::CROSS_SITE)
            }
            (Method::POST, Page::Link(action)) => self.redeem_link(action, &mut request).await,
            (Method::POST, Page::MailForm(form)) => self.send_mail(form, &mut request).await,
            _ => self.theme.message(StatusCode::METHOD_NOT_ALLOWED, &content::WRONG_METHOD),
        })
    }
}

impl PageEndpoint {
    async fn get(&self, page: Page, request: &Request) -> Response {
        let theme = &self.theme;
        match page {
            Page::Front => theme.page(StatusCode::OK, "front.html", "Accounts", context! {}),
            Page::Link(action) => self.show_link(action, request).await,
            Page::MailForm(form) => self.mail_form(StatusCode::OK, form, "", &[]),
            Page::Message(message) => theme.message(StatusCode::OK, message),
            Page::Asset => theme.asset(request.uri().path()),
            Page::NotFound => theme.message(StatusCode::NOT_FOUND, &content::NOT_FOUND),
        }
    }
}

/// Returns whether a browser sent the request on behalf of another site, by `Sec-Fetch-Site` (Fetch Metadata, W3C) or, for
/// older browsers, by `Origin`. That is `null` for the server's own forms, because of the `Referrer-Policy` of pages.
/// Programs send neither header.
fn is_cross_site(request: &Request) -> bool {
    match (request.header(SEC_FETCH_SITE), request.header(ORIGIN)) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some("null") | None) => false,
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            // HTTP/2 has no `Host` header: the host is in the address of the request.
            let own = request.header(HOST).or_else(|| request.uri().authority().map(Authority::as_str));
            host.is_none() || host != own
        }
    }
}
