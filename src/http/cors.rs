//! Cross-origin requests (the CORS protocol of the Fetch standard). poem's `Cors` is not used: it rejects all requests whose
//! origin is not listed, even those of the server's own pages.

use poem::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{Request, Response};

use super::json;

/// The origins whose pages may use the API. `Access-Control-Allow-Credentials` is not sent, because the server uses no
/// cookies: pages set the header `Authorization` themselves.
pub(super) struct Cors {
    /// `*` stands for all origins.
    pub(super) origins: Vec<String>,
}

impl Cors {
    /// Returns the origin of a request, if the settings allow it.
    pub(super) fn allowed_origin(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(ORIGIN)?;
        let is_allowed = |allowed: &String| allowed == "*" || allowed.as_bytes() == origin.as_bytes();
        self.origins.iter().any(is_allowed).then(|| origin.clone())
    }

    /// Lets pages of an allowed origin read a response.
    pub(super) fn add_headers(&self, allowed_origin: Option<HeaderValue>, response: &mut Response) {
        let headers = response.headers_mut();
        if !self.origins.is_empty() {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = allowed_origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            let exposed = HeaderValue::from_static("Retry-After, X-Request-Id");
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
    }
}

pub(super) fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    *request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Returns the response to a preflight request, to which [`Cors::add_headers`] adds the allowed origin.
pub(super) fn preflight_response(is_allowed: bool) -> Response {
    if !is_allowed {
        let message = "Pages of this origin are not allowed to use the API: the setting http.cors_origins does not list the origin.";
        return json::refuse(StatusCode::FORBIDDEN, message);
    }
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(ACCESS_CONTROL_ALLOW_METHODS, "POST")
        .header(ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type")
        .header(ACCESS_CONTROL_MAX_AGE, "600")
        .finish()
}
