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
use poem::{IntoResponse as _, Request, Response, ResponseBuilder};
use rust_embed::RustEmbed;

use super::headers::accepts_html;

/// The output of `npm run build` in `assets/graphiql`: compressed files with the extension `.gz`.
#[derive(RustEmbed)]
#[folder = "assets/graphiql/dist/"]
struct Bundle;

/// The files of the bundle by their names below `/graphiql/`.
static FILES: LazyLock<HashMap<String, File>> = LazyLock::new(|| {
    let file = |name: Cow<'static, str>| {
        let compressed = Bytes::from_owner(Bundle::get(&name)?.data);
        Some((name.strip_suffix(".gz")?.to_owned(), File { compressed, plain: OnceLock::new() }))
    };
    Bundle::iter().filter_map(file).collect()
});

struct File {
    compressed: Bytes,
    /// Set when the file is first needed without gzip.
    plain: OnceLock<Bytes>,
}

impl File {
    fn plain(&self) -> Bytes {
        let decompress = || {
            let mut plain = Vec::new();
            GzDecoder::new(&*self.compressed).read_to_end(&mut plain).expect("embedded files are gzip");
            plain.into()
        };
        self.plain.get_or_init(decompress).clone()
    }
}

/// Allows nothing from other hosts. The editor needs inline styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; \
    img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Returns the page in HTML, with the links to its files. `public_path` is the path of `public_url`.
pub(super) fn page(public_path: &str) -> Bytes {
    let page = FILES.get("index.html").expect("the bundle has a page").plain();
    String::from_utf8_lossy(&page).replace("=\"./", &format!("=\"{public_path}/graphiql/")).into()
}

/// Returns whether a browser requests the page.
pub(super) fn is_requested(request: &Request) -> bool {
    accepts_html(request) && is_read(request)
}

pub(super) fn page_response(page: &Bytes) -> Response {
    response("index.html").body(page.clone())
}

/// Returns the file at `/graphiql/*name`.
pub(super) fn file_response(request: Request) -> Response {
    let name = request.path_params::<String>().unwrap_or_default();
    let Some(file) = FILES.get(&name).filter(|_| is_read(&request)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = response(&name);
    // Names below `assets/` contain a hash of the content.
    if name.starts_with("assets/") {
        response = response.header(CACHE_CONTROL, "public, max-age=31536000, immutable");
    }
    let lists_gzip = |header: &str| header.split(',').any(|coding| coding.trim().starts_with("gzip"));
    if request.header(ACCEPT_ENCODING).is_some_and(lists_gzip) {
        return response.header(CONTENT_ENCODING, "gzip").body(file.compressed.clone());
    }
    response.body(file.plain())
}

fn is_read(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

fn response(name: &str) -> ResponseBuilder {
    Response::builder()
        .header(CONTENT_TYPE, content_type(name))
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(VARY, "Accept, Accept-Encoding")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some("ttf") => "font/ttf",
        _ => "application/octet-stream",
    }
}
