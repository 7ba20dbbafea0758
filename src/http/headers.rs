//! Headers of every response, and the `Accept` header of requests.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use poem::http::uri::Scheme;
use poem::middleware::SetHeader;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

/// Sets the headers that are the same for all responses (OWASP ASVS 3.4.4, 3.4.5, 3.4.8).
pub(super) fn fixed() -> SetHeader {
    SetHeader::new()
        .overriding(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .overriding(REFERRER_POLICY, "no-referrer")
        .overriding(X_FRAME_OPTIONS, "DENY")
        .overriding("cross-origin-opener-policy", "same-origin")
        .overriding("cross-origin-resource-policy", "same-origin")
}

/// Adds headers that an endpoint may set itself, which `SetHeader` would override. Responses contain tokens and addresses,
/// so they must not be stored (OWASP ASVS 14.3.2). Only pages load anything (3.4.3).
///
/// A browser that has connected by TLS must not connect without it for a year (RFC 6797; OWASP ASVS 3.4.1). Behind a
/// proxy that terminates TLS, this header is up to the proxy.
pub(super) async fn add_defaults<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let is_encrypted = *request.scheme() == Scheme::HTTPS;
    let mut response = endpoint.call(request).await?.into_response();
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    if is_encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    Ok(response)
}

/// Returns whether the client is a browser, which gets a page where programs get JSON.
pub(super) fn accepts_html(request: &Request) -> bool {
    request.header(ACCEPT).is_some_and(|types| types.contains("text/html"))
}
