//! How pages look: templates, style sheet and picture, all read when the server starts.

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use rust_embed::RustEmbed;
use serde_json::Value;

use super::html;
use crate::config::Config;
use crate::digest::sha256_hex;

#[derive(RustEmbed)]
#[folder = "assets/pages/"]
struct Files;

const LARGEST_LOGO: u64 = 256 * 1024;
/// Which browsers ask for by themselves where no page names another one.
pub(super) const FAVICON: &str = "/favicon.ico";
/// The address changes with what is there, so it may be kept for ever.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The address of the favicon stays when the picture changes.
const FOR_A_DAY: &str = "public, max-age=86400";

/// How pages look.
pub(in crate::http) struct Theme {
    environment: Environment<'static>,
    site: String,
    graphiql: bool,
    min_length: usize,
    style: Bytes,
    style_path: String,
    /// The logo, or the picture that is built in. It is also the favicon.
    picture: Picture,
    has_logo: bool,
    /// The path of `public_url`. Each link to a page of this server begins with it.
    public_path: String,
    /// Where people log in.
    sign_in: Option<String>,
}

struct Picture {
    bytes: Bytes,
    content_type: &'static str,
    path: String,
}

impl Theme {
    /// The look that is configured.
    ///
    /// # Errors
    /// If the logo cannot be read, or is too large or no picture.
    pub(in crate::http) fn new(config: &Config) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        for name in Files::iter().filter(|name| name.ends_with(".html")) {
            environment.add_template_owned(name.to_string(), text(&name)?)?;
        }
        let accent = &config.pages.branding.accent;
        let coloured = |name| -> Result<String> {
            Ok(text(name)?.replace("ON_ACCENT", on(accent)).replace("ACCENT", accent))
        };
        let style = coloured("style.css")?;
        let logo = config.pages.branding.logo.as_deref();
        let picture = match logo {
            Some(path) => Picture::read(path)?,
            None => Picture::new(coloured("icon.svg")?.into(), "image/svg+xml", "svg"),
        };
        Ok(Self {
            environment,
            site: config.branding_name().to_owned(),
            graphiql: config.graphql.graphiql,
            min_length: config.passwords.min_length,
            style_path: format!("/pages/{}.css", fingerprint(style.as_bytes())),
            style: style.into(),
            picture,
            has_logo: logo.is_some(),
            public_path: config.public_path().to_owned(),
            sign_in: config.sign_in(),
        })
    }

    /// Where the style sheet is.
    pub(super) fn style_path(&self) -> String {
        self.style_path.clone()
    }

    /// Where the picture is.
    pub(super) fn picture_path(&self) -> String {
        self.picture.path.clone()
    }

    /// The address of a page in the browser.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.public_path)
    }

    /// The style sheet.
    pub(super) fn style(&self) -> Response {
        let response = Response::builder().header(CONTENT_TYPE, "text/css; charset=utf-8");
        response.header(CACHE_CONTROL, FOR_EVER).body(self.style.clone())
    }

    /// The picture at its own path.
    pub(super) fn picture(&self) -> Response {
        self.picture_for(FOR_EVER)
    }

    /// The picture at the path of the favicon.
    pub(super) fn favicon(&self) -> Response {
        self.picture_for(FOR_A_DAY)
    }

    /// A picture in SVG could hold script, which its policy forbids where it is opened by itself.
    fn picture_for(&self, time: &'static str) -> Response {
        Response::builder()
            .header(CONTENT_TYPE, self.picture.content_type)
            .header(CACHE_CONTROL, time)
            .header(
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
            )
            .body(self.picture.bytes.clone())
    }

    /// A page.
    pub(super) fn page(&self, status: StatusCode, template: &str, title: &str, words: &Value) -> Response {
        let title = if title.is_empty() { "Accounts" } else { title };
        // None of the links holds a character that must be escaped in an attribute, and escaping hides the slashes.
        let link = |link: String| minijinja::Value::from_safe_string(link);
        let frame = context! {
            site => self.site.as_str(),
            title => title,
            base => link(self.public_path.clone()),
            style => link(self.address(&self.style_path)),
            picture => link(self.address(&self.picture.path)),
            has_logo => self.has_logo,
            sign_in => self.sign_in.clone().map(link),
            version => env!("CARGO_PKG_VERSION"),
            graphiql => self.graphiql,
            min_length => self.min_length,
            ..minijinja::Value::from(Serde(words))
        };
        match self.environment.get_template(template).and_then(|template| template.render(frame)) {
            Ok(page) => html(status, page),
            Err(error) => {
                tracing::error!("{template} cannot be rendered: {error}");
                Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).finish()
            }
        }
    }
}

impl Picture {
    fn new(bytes: Bytes, content_type: &'static str, extension: &str) -> Self {
        let path = format!("/pages/{}.{extension}", fingerprint(&bytes));
        Self { bytes, content_type, path }
    }

    /// Reads a logo.
    fn read(path: &std::path::Path) -> Result<Self> {
        let shown = path.display();
        let unreadable = || format!("pages.branding.logo: {shown} cannot be read");
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let content_type = match extension.to_ascii_lowercase().as_str() {
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            _ => bail!("pages.branding.logo: {shown} is no .svg, .png, .jpg or .webp file; choose another"),
        };
        if std::fs::metadata(path).with_context(unreadable)?.len() > LARGEST_LOGO {
            bail!("pages.branding.logo: {shown} is larger than 256 KiB; choose a smaller picture");
        }
        Ok(Self::new(std::fs::read(path).with_context(unreadable)?.into(), content_type, extension))
    }
}

fn text(name: &str) -> Result<String> {
    let file = Files::get(name).with_context(|| format!("assets/pages/{name} is missing"))?;
    Ok(String::from_utf8(file.data.into_owned())?)
}

fn fingerprint(bytes: &[u8]) -> String {
    sha256_hex(bytes)[..16].to_owned()
}

/// Black or white, whichever can be read better on a colour `#rrggbb` (relative luminance, WCAG 2.2).
fn on(colour: &str) -> &'static str {
    let channel = |from: usize| {
        let value = colour.get(from..from + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let value = f64::from(value.unwrap_or_default()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
    // Where both contrasts are the same.
    if luminance > 0.179 { "#000000" } else { "#ffffff" }
}
