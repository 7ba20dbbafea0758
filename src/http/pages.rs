//! HTML pages for people: accounts, the targets of links in mails, a front page, and pages for operators. They work without
//! scripts.
//!
//! Pages call the same rules as the mutations. A GET changes nothing, because mail scanners follow links; a button sends a
//! POST. A success redirects the browser to an address without a token, so that no token stays in the address bar. The
//! exception is an activation that deletes the password: it redirects to the link that sets a new one.
//!
//! A login on the pages is a session with a cookie (`cookies.rs`), which only pages accept. Their forms contain a token that is
//! bound to the session or, before a login, to the browser. A request that a browser marks as sent by another site is
//! rejected in any case. The forms of links in mails need no token of a form: no cookie authenticates them, and the author of a
//! forged request can send it without a browser as well.

mod account;
mod admin;
mod content;
mod cookies;
mod exchange;
mod form;
mod handlers;
mod session_page;
mod templates;
mod theme;
mod values;
mod visit;

use std::sync::Arc;

use poem::error::NotFoundError;
use poem::http::header::LOCATION;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Response, Result};
use strum::VariantArray as _;

use super::headers::accepts_html;
use super::request_log::FALLBACK;
use crate::app::App;
use crate::blocking_pool::BlockingPool;
use crate::tokens::action::Action;
use content::MailForm;
pub(super) use content::{MessagePage, TIMED_OUT, UNAVAILABLE};
use cookies::Cookies;
use session_page::SessionPage;
pub(super) use theme::Theme;
use visit::is_cross_site;

pub(super) struct PageEndpoint {
    theme: Arc<Theme>,
    pool: Arc<BlockingPool>,
    cookies: Cookies,
    page: Page,
}

#[derive(Clone, Copy)]
enum Page {
    Session(&'static SessionPage),
    /// The target of a link in a mail, with the action of its path.
    Link(Action),
    MailForm(&'static MailForm),
    Message(&'static MessagePage),
    Redirect(&'static str),
    /// A style sheet, script or picture.
    Asset,
    NotFound,
}

/// Returns the paths of all pages with their endpoints.
pub(super) fn routes(app: &App, theme: &Arc<Theme>, pool: &Arc<BlockingPool>) -> Vec<(String, PageEndpoint)> {
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
    for message in [&content::REGISTERED, &content::INVITATION_ACCEPTED] {
        pages.push((message.path.to_owned(), Page::Message(message)));
    }
    // Mails of the original server about join requests lead to this path.
    pages.push(("/working-group-details".to_owned(), Page::Redirect("/account/group")));
    // Without the setting, the paths do not exist.
    let for_operators = if app.config.pages.admin { &admin::PAGES[..] } else { &[] };
    for definition in account::PAGES.iter().chain(for_operators).copied() {
        pages.push((definition.path.to_owned(), Page::Session(definition)));
    }
    // poem also matches this route for `/`, even if there is a route for `/`.
    pages.push((FALLBACK.to_owned(), Page::NotFound));
    let cookies = Cookies::new(&app.config);
    let endpoint = |page| PageEndpoint { theme: Arc::clone(theme), pool: Arc::clone(pool), cookies, page };
    pages.into_iter().map(|(path, page)| (path, endpoint(page))).collect()
}

impl Endpoint for PageEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let is_front = matches!(self.page, Page::NotFound) && request.uri().path() == "/";
        let page = if is_front { Page::Session(&account::FRONT) } else { self.page };
        let language = self.theme.preferred_language(&request);
        Ok(match (request.method().clone(), page) {
            (_, Page::NotFound) if !accepts_html(&request) => return Err(NotFoundError.into()),
            (Method::GET | Method::HEAD, page) | (_, page @ Page::NotFound) => {
                self.get(page, &language, &request).await
            }
            (
                Method::POST,
                Page::Session(SessionPage { submit: Some(_), .. }) | Page::Link(_) | Page::MailForm(_),
            ) if is_cross_site(&request) => {
                self.theme.message(&language, StatusCode::FORBIDDEN, &content::CROSS_SITE)
            }
            (Method::POST, Page::Session(page)) if page.submit.is_some() => {
                self.submit_form(page, &language, &mut request).await
            }
            (Method::POST, Page::Link(action)) => self.redeem_link(action, &language, &mut request).await,
            (Method::POST, Page::MailForm(form)) => self.send_mail(form, &language, &mut request).await,
            _ => self.theme.message(&language, StatusCode::METHOD_NOT_ALLOWED, &content::WRONG_METHOD),
        })
    }
}

impl PageEndpoint {
    async fn get(&self, page: Page, language: &str, request: &Request) -> Response {
        let theme = &self.theme;
        match page {
            Page::Session(definition) => self.show_page(definition, language, request).await,
            Page::Link(action) => self.show_link(action, language, request).await,
            Page::MailForm(form) => self.mail_form(language, StatusCode::OK, form, "", &[]),
            Page::Message(message) => theme.message(language, StatusCode::OK, message),
            Page::Redirect(path) => self.redirect(path),
            Page::NotFound => theme.message(language, StatusCode::NOT_FOUND, &content::NOT_FOUND),
            Page::Asset => theme.asset(request.uri().path()),
        }
    }

    fn redirect(&self, path: &str) -> Response {
        Response::builder().status(StatusCode::SEE_OTHER).header(LOCATION, self.theme.address(path)).finish()
    }
}
