//! Headers that every answer has.

use std::sync::Arc;

use poem::http::HeaderValue;
use poem::http::header::{CACHE_CONTROL, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use poem::{Endpoint, IntoResponse, Request, Response, Result};

/// Answers hold tokens and addresses: nobody on the way may keep them, and no browser may take them for what they
/// are not (OWASP ASVS 14.3.2, 3.4.4).
pub(super) async fn add<E: Endpoint>(endpoint: Arc<E>, request: Request) -> Result<Response> {
    let mut response = endpoint.call(request).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
