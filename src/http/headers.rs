//! Headers that every answer has, unless it says otherwise itself, and what those of requests tell.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use poem::http::uri::Scheme;
use poem::{Endpoint, IntoResponse, Request, Response, Result};

/// Answers hold tokens and addresses: nobody on the way may keep them, and no browser may take them for what they
/// are not (OWASP ASVS 14.3.2, 3.4.4).
///
/// Who came here encrypted once shall not come otherwise for a year (RFC 6797; OWASP ASVS 3.4.1). Where a proxy
/// encrypts, that is for the proxy to say.
pub(super) async fn add<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let encrypted = *request.scheme() == Scheme::HTTPS;
    let mut response = endpoint.call(request).await?.into_response();
    let headers = response.headers_mut();
    // What is not a page needs nothing from anywhere, and pages say themselves what they need (OWASP ASVS 3.4.3, 3.4.6,
    // 3.4.8).
    let always = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    Ok(response)
}

/// Whether a browser asks, which wants a page; programs want JSON.
pub(super) fn wants_page(request: &Request) -> bool {
    request.header(ACCEPT).is_some_and(|types| types.contains("text/html"))
}
