//! Serves GraphiQL to browsers, from the bundle in `assets/graphiql/dist/`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use flate2::read::GzDecoder;
use poem::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use poem::http::{Method, StatusCode};
use poem::{Request, Response, ResponseBuilder, Result};
use rust_embed::RustEmbed;

use super::headers::wants_page;

/// The bundle that `npm run build` in `assets/graphiql` makes: each file compressed, with the ending `.gz`.
#[derive(RustEmbed)]
#[folder = "assets/graphiql/dist/"]
struct Bundle;

/// The files of the bundle by their names below `/graphiql/`.
static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let file = |name: Cow<'static, str>| {
        let compressed = match Bundle::get(&name)?.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => data.into(),
        };
        Some((name.strip_suffix(".gz")?.to_owned(), File { compressed, plain: OnceLock::new() }))
    };
    Bundle::iter().filter_map(file).collect()
});

struct File {
    compressed: Bytes,
    /// Inflated when the first client without gzip asks for it.
    plain: OnceLock<Bytes>,
}

impl File {
    fn plain(&self) -> Bytes {
        let inflate = || {
            let mut plain = Vec::new();
            GzDecoder::new(&*self.compressed).read_to_end(&mut plain).expect("embedded files are gzip");
            plain.into()
        };
        self.plain.get_or_init(inflate).clone()
    }
}

/// Allows nothing from other hosts. The editor can only write its styles inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; \
    img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Serves the parts of the page, below `/graphiql/`.
pub(super) struct Parts;

impl poem::Endpoint for Parts {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let name = request.path_params::<String>().unwrap_or_default();
        let found = matches!(*request.method(), Method::GET | Method::HEAD).then(|| file(&request, &name));
        Ok(found.flatten().unwrap_or_else(|| Response::builder().status(StatusCode::NOT_FOUND).finish()))
    }
}

/// Returns the page in HTML. It is served at `/graphql` and refers to its parts as `./`; they are below `/graphiql/`.
/// `public_path` is the path of `public_url`.
pub(super) fn page(public_path: &str) -> Bytes {
    let page = FILES.get("index.html").expect("the bundle has a page").plain();
    String::from_utf8_lossy(&page).replace("=\"./", &format!("=\"{public_path}/graphiql/")).into()
}

/// Whether a browser asks for the page.
pub(super) fn is_asked_for(request: &Request) -> bool {
    wants_page(request) && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Returns the response with the page.
pub(super) fn show(page: &Bytes) -> Response {
    head("index.html").body(page.clone())
}

/// Begins a response with the headers that all files have.
fn head(name: &str) -> ResponseBuilder {
    Response::builder()
        .header(CONTENT_TYPE, content_type(name))
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(VARY, "Accept, Accept-Encoding")
}

fn file(request: &Request, name: &str) -> Option<Response> {
    let file = FILES.get(name)?;
    let response = head(name);
    // A name below `assets/` holds a hash of the contents.
    let response = if name.starts_with("assets/") {
        response.header(CACHE_CONTROL, "public, max-age=31536000, immutable")
    } else {
        response
    };
    let takes_gzip = |header: &str| header.split(',').any(|coding| coding.trim().starts_with("gzip"));
    if request.header(ACCEPT_ENCODING).is_some_and(takes_gzip) {
        return Some(response.header(CONTENT_ENCODING, "gzip").body(file.compressed.clone()));
    }
    Some(response.body(file.plain()))
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    }
}
