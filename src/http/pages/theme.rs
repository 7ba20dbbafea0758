//! The templates, style sheet and picture of pages, which are loaded when the server starts.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use minijinja::{Environment, Value};
use poem::http::StatusCode;
use poem::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, RETRY_AFTER};
use poem::web::Html;
use poem::{IntoResponse as _, Request, Response};

use super::content::{self, MessagePage};
use super::templates;
use super::values::context;
use crate::config::{Config, contrasting_colour};
use crate::digest::sha256_hex;
use crate::language::Languages;

const MAX_LOGO_BYTES: u64 = 256 * 1024;
/// Browsers request this path if a page names no icon.
const FAVICON_PATH: &str = "/favicon.ico";
/// For addresses that contain a hash of the content.
const CACHE_FOREVER: &str = "public, max-age=31536000, immutable";
const CACHE_FOR_A_DAY: &str = "public, max-age=86400";
/// Allows the style sheet and pictures of the server, and forms that lead to it.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";
/// Also allows the script of the server, and its requests to the server.
const SCRIPTED_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const SCRIPTED_TEMPLATES: [&str; 4] =
    ["confirm_password.html", "group_new.html", "login.html", "second_factor.html"];
/// Forbids scripts in an SVG file that a browser opens as a document.
const PICTURE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

pub(in crate::http) struct Theme {
    environment: Environment<'static>,
    languages: Arc<Languages>,
    script: Bytes,
    script_path: String,
    /// The mode of registration, as in the settings.
    registration: &'static str,
    admin_enabled: bool,
    site: String,
    graphiql: bool,
    min_length: usize,
    style: Bytes,
    style_path: String,
    /// The logo or the built-in picture. It is also the favicon.
    picture: Picture,
    has_logo: bool,
    public_path: String,
    sign_in: Option<String>,
}

struct Picture {
    bytes: Bytes,
    content_type: &'static str,
    path: String,
}

impl Theme {
    pub(in crate::http) fn new(config: &Config, languages: &Arc<Languages>) -> Result<Self> {
        let folder = config.pages.templates.as_deref();
        let environment = templates::load(folder, languages)?;
        let accent = &config.pages.branding.accent;
        let with_accent = |name| -> Result<String> {
            Ok(templates::read(folder, name)?
                .replace("ON_ACCENT", contrasting_colour(accent))
                .replace("ACCENT", accent))
        };
        let style = with_accent("style.css")?;
        let logo = config.pages.branding.logo.as_deref();
        let picture = match logo {
            Some(path) => Picture::read(path)?,
            None => Picture::new(with_accent("icon.svg")?.into(), "image/svg+xml", "svg"),
        };
        let script = templates::read(None, "pages.js")?;
        Ok(Self {
            languages: Arc::clone(languages),
            script_path: format!("/pages/{}.js", short_hash(script.as_bytes())),
            script: script.into(),
            registration: config.accounts.registration.into(),
            admin_enabled: config.pages.admin,
            environment,
            site: config.branding_name().to_owned(),
            graphiql: config.graphql.graphiql,
            min_length: config.passwords.min_length,
            style_path: format!("/pages/{}.css", short_hash(style.as_bytes())),
            style: style.into(),
            picture,
            has_logo: logo.is_some(),
            public_path: config.public_path().to_owned(),
            sign_in: config.sign_in(),
        })
    }

    pub(super) fn asset_paths(&self) -> [&str; 4] {
        [&self.style_path, &self.script_path, &self.picture.path, FAVICON_PATH]
    }

    pub(super) fn asset(&self, path: &str) -> Response {
        let cache_control = if path == FAVICON_PATH { CACHE_FOR_A_DAY } else { CACHE_FOREVER };
        let response = Response::builder().header(CACHE_CONTROL, cache_control);
        if path == self.style_path {
            return response.content_type("text/css; charset=utf-8").body(self.style.clone());
        }
        if path == self.script_path {
            return response.content_type("text/javascript; charset=utf-8").body(self.script.clone());
        }
        let response = response.content_type(self.picture.content_type);
        response.header(CONTENT_SECURITY_POLICY, PICTURE_POLICY).body(self.picture.bytes.clone())
    }

    /// Returns the address of a page for browsers.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.public_path)
    }

    /// Returns the code of the language that the browser of a request prefers.
    pub(in crate::http) fn preferred_language(&self, request: &Request) -> String {
        let accepted = request.header(ACCEPT_LANGUAGE).and_then(|ranges| self.languages.negotiate(ranges));
        accepted.unwrap_or_else(|| self.languages.get(None)).code.clone()
    }

    pub(super) fn translate_all(&self, language: &str, sentences: &[String]) -> Vec<String> {
        let language = self.languages.get(Some(language));
        sentences.iter().map(|sentence| language.translate(sentence).into_owned()).collect()
    }

    pub(super) fn message(&self, language: &str, status: StatusCode, message: &MessagePage) -> Response {
        let tone = if status.is_success() { "" } else { "trouble" };
        let values = context! { lead => message.text, tone, mail_sent => message.is_mail_sent };
        self.page(language, status, "message.html", message.title, values)
    }

    /// Returns a page with the message of a rule.
    pub(super) fn refusal(&self, language: &str, sentence: &str) -> Response {
        let lead = self.languages.get(Some(language)).translate(sentence).into_owned();
        let values = context! { lead, tone => "trouble" };
        self.page(language, StatusCode::FORBIDDEN, "message.html", content::WRONG_METHOD.title, values)
    }

    pub(in crate::http) fn unavailable(
        &self,
        language: &str,
        message: &MessagePage,
        retry_after: u32,
    ) -> Response {
        let page = self.message(language, StatusCode::SERVICE_UNAVAILABLE, message);
        page.with_header(RETRY_AFTER, retry_after).into_response()
    }

    pub(super) fn page(
        &self,
        language: &str,
        status: StatusCode,
        template: &str,
        title: &str,
        values: Value,
    ) -> Response {
        // Escaping would change slashes, and no link contains a character that an attribute requires to be escaped.
        let link = |link: String| Value::from_safe_string(link);
        // Only these pages have a script, because it only helps to fill in their forms.
        let has_script = SCRIPTED_TEMPLATES.contains(&template);
        let context = context! {
            t => self.languages.template_function(language),
            language,
            script => has_script.then(|| link(self.address(&self.script_path))),
            site => self.site.as_str(),
            title => title,
            base => link(self.public_path.clone()),
            style => link(self.address(&self.style_path)),
            picture => link(self.address(&self.picture.path)),
            has_logo => self.has_logo,
            sign_in => self.sign_in.clone().map(link),
            login => link(self.sign_in.clone().unwrap_or_else(|| self.address("/account/login"))),
            registration => self.registration,
            admin_enabled => self.admin_enabled,
            version => env!("CARGO_PKG_VERSION"),
            graphiql => self.graphiql,
            min_length => self.min_length,
            ..values
        };
        match self.environment.get_template(template).and_then(|template| template.render(context)) {
            Ok(page) => Html(page)
                .with_header(CONTENT_SECURITY_POLICY, if has_script { SCRIPTED_POLICY } else { PAGE_POLICY })
                .with_status(status)
                .into_response(),
            Err(error) => {
                tracing::error!("{template} cannot be rendered: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

impl Picture {
    fn new(bytes: Bytes, content_type: &'static str, extension: &str) -> Self {
        let path = format!("/pages/{}.{extension}", short_hash(&bytes));
        Self { bytes, content_type, path }
    }

    fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let unreadable = || format!("pages.branding.logo: {shown} cannot be read");
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let content_type = match extension.to_ascii_lowercase().as_str() {
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            _ => {
                bail!("pages.branding.logo: {shown} is not a .svg, .png, .jpg or .webp file; choose another")
            }
        };
        if std::fs::metadata(file).with_context(unreadable)?.len() > MAX_LOGO_BYTES {
            bail!("pages.branding.logo: {shown} is larger than 256 KiB; choose a smaller picture");
        }
        Ok(Self::new(std::fs::read(file).with_context(unreadable)?.into(), content_type, extension))
    }
}

fn short_hash(bytes: &[u8]) -> String {
    sha256_hex(bytes)[..16].to_owned()
}
