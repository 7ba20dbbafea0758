//! A request for a page: its sender, session and language, and the origin of its form.

use std::collections::HashMap;

use minijinja::Value;
use poem::http::header::{HOST, HeaderName, ORIGIN, SET_COOKIE};
use poem::http::uri::Authority;
use poem::{Request, Response};
use secrecy::{ExposeSecret as _, SecretString};

use super::cookies::{Cookie, Cookies};
use super::exchange::with_next;
use super::form::Form;
use super::values::context;
use crate::accounts::page_login;
use crate::app::App;
use crate::error::{FieldErrors, Result};
use crate::http::client_ip;
use crate::security::{Viewer, second_factor};
use crate::store::second_factors::Factors;
use crate::store::sessions::CookieSession;
use crate::tokens::form as form_token;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) struct Visit {
    pub(super) viewer: Viewer,
    pub(super) session: Option<CookieSession>,
    /// The code of the language of the page.
    pub(super) language: String,
    pub(super) query: Form,
    /// The parameter of the path, such as the token of an invitation or the id of an account.
    pub(super) parameter: String,
    /// The submitted form. Empty for a GET.
    pub(super) form: Form,
    visitor: Option<String>,
    cookies: Cookies,
    /// The session cookie that the reply sets. Empty to delete it.
    new_cookie: Option<SecretString>,
    new_visitor: Option<String>,
    pub(super) path_and_query: String,
}

impl Visit {
    /// Reads the cookies of a request. [`Self::authenticate`] must follow.
    pub(super) fn new(cookies: Cookies, request: &Request, language: &str, form: Form) -> Self {
        let anonymous = client_ip::anonymous_viewer(request);
        let viewer = match cookies.read(request, Cookie::Session) {
            Some(cookie) => anonymous.with_cookie(cookie.into()),
            None => anonymous,
        };
        Self {
            viewer,
            session: None,
            language: language.to_owned(),
            query: Form::parse(request.uri().query().unwrap_or_default().as_bytes()),
            parameter: request.path_params::<String>().unwrap_or_default(),
            form,
            visitor: cookies.read(request, Cookie::Visitor),
            cookies,
            new_cookie: None,
            new_visitor: None,
            path_and_query: request.uri().path_and_query().map_or_else(String::new, ToString::to_string),
        }
    }

    /// Finds the session of the cookie. Without one, the browser gets a cookie that the form of the page is bound to.
    pub(super) fn authenticate(&mut self, app: &App, has_form: bool) -> Result<()> {
        self.session = page_login::find(app, &self.viewer)?;
        if let Some(code) = self.session.as_ref().and_then(|session| session.account.language.as_deref()) {
            self.language = app.languages.get(Some(code)).code.clone();
        }
        if has_form && self.session.is_none() && self.visitor.is_none() {
            let visitor = app.random.hex::<16>();
            self.new_visitor = Some(visitor.clone());
            self.visitor = Some(visitor);
        }
        Ok(())
    }

    /// What the tokens of forms are bound to: the session of the login, or else the browser.
    fn form_subject(&self) -> String {
        match &self.session {
            Some(session) => format!("session {}", session.id),
            None => format!("visitor {}", self.visitor.as_deref().unwrap_or_default()),
        }
    }

    /// Returns whether the form was made for this session or browser. A browser that has just got its cookie sent none.
    pub(super) fn has_form_token(&self, app: &App) -> bool {
        let is_known = self.session.is_some() || self.new_visitor.is_none();
        is_known && form_token::is_valid(&app.signing_key, &self.form_subject(), self.form.get("form_token"))
    }

    /// Sets the cookie of a session that has begun or was confirmed. Later calls of rules use it.
    pub(super) fn set_cookie(&mut self, cookie: SecretString) {
        self.viewer = self.viewer.clone().with_cookie(cookie.clone());
        self.new_cookie = Some(cookie);
    }

    pub(super) fn delete_cookie(&mut self) {
        self.new_cookie = Some(String::new().into());
    }

    /// Returns the second factors of the account that is logged in.
    pub(super) fn factors(&self) -> Factors {
        self.session.as_ref().map(|session| session.factors).unwrap_or_default()
    }

    /// Whether the settings require a second factor of the account that is logged in, and it has none.
    pub(super) fn lacks_second_factor(&self, app: &App) -> bool {
        self.session.as_ref().is_some_and(|session| {
            !session.factors.exist() && second_factor::is_required(app, &session.account)
        })
    }

    /// Confirms the session with the password of the form, if it contains one. Rules then accept the recent login.
    pub(super) fn reauthenticate_with_form(&mut self, app: &App) -> Result<()> {
        if self.form.find("password").is_none() {
            return Ok(());
        }
        let (cookie, authenticated) = page_login::confirm(app, &self.viewer, self.form.proof("password")?)?;
        self.set_cookie(cookie);
        if let Some(session) = &mut self.session {
            session.authenticated = authenticated;
        }
        Ok(())
    }

    /// Returns what every template shows: errors, the token of forms, and the account of the viewer.
    pub(super) fn values(&self, app: &App, errors: &Errors) -> Value {
        let language = app.languages.get(Some(&self.language));
        let translate = |message: &String| language.translate(message).into_owned();
        let by_field: HashMap<String, Vec<String>> = errors
            .by_field
            .iter()
            .map(|(field, messages)| (field.clone(), messages.iter().map(translate).collect()))
            .collect();
        let viewer = self.session.as_ref().map(|session| {
            let account = &session.account;
            context! {
                id => account.id,
                email => account.email.clone(),
                name => account.full_name(),
                is_staff => account.is_staff,
            }
        });
        let needs_password = self.session.as_ref().is_none_or(|session| !session.is_recent(app.clock.now()));
        let factors = self.factors();
        context! {
            viewer,
            has_app => factors.authenticator,
            has_passkeys => factors.passkeys,
            can_use_passkey => factors.passkeys && app.passkeys.is_some(),
            needs_code => factors.exist() && needs_password,
            form => self.form.repeatable(),
            query => self.query.repeatable(),
            form_token => form_token::issue(&app.signing_key, &self.form_subject()),
            needs_password,
            errors => errors.general.iter().map(translate).collect::<Vec<_>>(),
            errors_of => by_field,
            path => self.path(),
            confirm_path => Value::from_safe_string(with_next("/account/confirm", &self.path_and_query)),
        }
    }

    pub(super) fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// Adds the cookies that changed.
    pub(super) fn finish(&self, response: &mut Response) {
        let session = self.new_cookie.as_ref().map(|cookie| (Cookie::Session, cookie.expose_secret()));
        let visitor = self.new_visitor.as_deref().map(|visitor| (Cookie::Visitor, visitor));
        for (cookie, value) in session.into_iter().chain(visitor) {
            if let Some(header) = self.cookies.set(cookie, value) {
                response.headers_mut().append(SET_COOKIE, header);
            }
        }
    }
}

/// The errors of a form.
#[derive(Default)]
pub(super) struct Errors {
    general: Vec<String>,
    /// By the names of fields in forms.
    by_field: HashMap<String, Vec<String>>,
}

impl Errors {
    /// Sorts the errors of a rule. Those of fields that the form does not have are general.
    pub(super) fn new(errors: &FieldErrors, fields: &[&str]) -> Self {
        let mut sorted = Self::default();
        for (field, messages) in errors.by_field() {
            let field = snake_case(field);
            let messages = messages.iter().map(|error| error.message.to_string());
            if fields.contains(&field.as_str()) {
                sorted.by_field.entry(field).or_default().extend(messages);
            } else {
                sorted.general.extend(messages);
            }
        }
        sorted
    }

    pub(super) fn general(sentence: &str) -> Self {
        Self { general: vec![sentence.to_owned()], by_field: HashMap::new() }
    }
}

/// Converts the name of a GraphQL argument to that of a form field: `newPassword1` to `new_password1`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// Returns whether a browser sent the request on behalf of another site, by `Sec-Fetch-Site` (Fetch Metadata, W3C) or, for
/// older browsers, by `Origin`. That is `null` for the server's own forms, because of the `Referrer-Policy` of pages.
/// Programs send neither header.
pub(super) fn is_cross_site(request: &Request) -> bool {
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
