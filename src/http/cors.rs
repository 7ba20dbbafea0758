//! Which other sites' pages may use the API from a browser (Fetch, CORS protocol). poem's own refuses every request
//! with another origin, the server's own pages among them.

use poem::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

use super::endpoint;

/// The sites.
pub(super) struct Cors {
    origins: Vec<String>,
    all: bool,
}

impl Cors {
    pub(super) fn new(origins: &[String]) -> Self {
        Self { origins: origins.to_vec(), all: origins.iter().any(|origin| origin == "*") }
    }

    /// Adds the headers that let the page that sent a request see its reply, if the settings name the page's site.
    /// A preflight, by which a browser asks beforehand, goes no further. Credentials are not allowed: tokens are in a
    /// header that pages set themselves, and cookies are not used.
    pub(super) async fn call(&self, endpoint: &impl Endpoint, request: Request) -> Result<Response> {
        let allowed = self.allowed(&request);
        let headers = request.headers();
        let is_preflight = *request.method() == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let mut response = match &allowed {
            Some(_) if is_preflight => permission(),
            None if is_preflight => endpoint::refuse(
                StatusCode::FORBIDDEN,
                "Pages of this site may not use the API: the setting http.cors_origins does not name it.",
            ),
            _ => endpoint.call(request).await?.into_response(),
        };
        let headers = response.headers_mut();
        if !self.origins.is_empty() {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let shown = HeaderValue::from_static("Retry-After, X-Request-Id");
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, shown);
        }
        Ok(response)
    }

    fn allowed(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(ORIGIN)?;
        let named = self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes());
        (named || self.all).then(|| origin.clone())
    }
}

/// Allows what a page may send.
fn permission() -> Response {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, "POST")
        .header(ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type")
        .header(ACCESS_CONTROL_MAX_AGE, "600")
        .finish()
}
