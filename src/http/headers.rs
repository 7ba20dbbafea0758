//! Headers of every response, and the `Accept` header of requests.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use poem::http::uri::Scheme;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

/// Headers that are the same for all responses (OWASP ASVS 3.4.4, 3.4.5, 3.4.8).
const FIXED: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// Headers that are added unless the endpoint sets them. Responses contain tokens and addresses, so they must not be stored
/// (OWASP ASVS 14.3.2). Only HTML pages may load anything, and set a policy of their own (3.4.3).
const DEFAULTS: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
];
/// A browser that has connected with TLS must not connect without it for a year (RFC 6797; OWASP ASVS 3.4.1). Behind a
/// proxy that terminates TLS, this header is up to the proxy.
const HSTS: &str = "max-age=31536000";

pub(super) async fn add<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let is_encrypted = *request.scheme() == Scheme::HTTPS;
    let mut response = endpoint.call(request).await?.into_response();
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    Ok(response)
}

/// Returns whether the client is a browser, which gets a page where programs get JSON.
pub(super) fn accepts_html(request: &Request) -> bool {
    request.header(ACCEPT).is_some_and(|types| types.contains("text/html"))
}
