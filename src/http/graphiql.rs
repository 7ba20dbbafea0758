//! GraphiQL for browsers, as `build.rs` has put it into the program: each file compressed.

use std::io::Read as _;
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use poem::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use poem::http::{Method, StatusCode};
use poem::{Request, Response, ResponseBuilder, Result};

use super::headers::wants_page;

/// Names below `/graphiql/`, and compressed contents.
const COMPRESSED: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/graphiql.rs"));

/// The same; each is inflated once at most, whoever asks for it.
static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let files = COMPRESSED.iter();
    files.map(|(name, compressed)| File { name, compressed, plain: OnceLock::new() }).collect()
});

struct File {
    name: &'static str,
    compressed: &'static [u8],
    plain: OnceLock<Bytes>,
}

impl File {
    fn plain(&self) -> Bytes {
        let inflated = || {
            let mut plain = Vec::new();
            // They were compressed when the program was built.
            let read = flate2::read::GzDecoder::new(self.compressed).read_to_end(&mut plain);
            read.map(|_| plain.into()).unwrap_or_default()
        };
        self.plain.get_or_init(inflated).clone()
    }
}

/// Nothing from elsewhere. The editor writes styles into the page and has no other way.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; \
    img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What the page consists of, below `/graphiql/`.
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
    let page = FILES.iter().find(|file| file.name == "index.html").map(File::plain).unwrap_or_default();
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

/// What all files have in common.
fn head(name: &str) -> ResponseBuilder {
    Response::builder()
        .header(CONTENT_TYPE, content_type(name))
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(VARY, "Accept, Accept-Encoding")
}

fn file(request: &Request, name: &str) -> Option<Response> {
    let file = FILES.iter().find(|file| file.name == name)?;
    let response = head(name);
    // The bundler puts a fingerprint into the names of what lies below `assets/`.
    let response = if name.starts_with("assets/") {
        response.header(CACHE_CONTROL, "public, max-age=31536000, immutable")
    } else {
        response
    };
    let takes_gzip = |header: &str| header.split(',').any(|coding| coding.trim().starts_with("gzip"));
    if request.header(ACCEPT_ENCODING).is_some_and(takes_gzip) {
        return Some(response.header(CONTENT_ENCODING, "gzip").body(file.compressed));
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
