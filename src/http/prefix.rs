//! The path of `public_url`, such as `/auth`. Some reverse proxies remove it from requests, and others do not.

use poem::Request;
use poem::http::Uri;
use poem::http::uri::PathAndQuery;

/// Removes the prefix from the path of a request, if it is there. `Route::nest` cannot do this: it requires the prefix.
pub(super) fn remove(prefix: &str, request: &mut Request) {
    if prefix.is_empty() {
        return;
    }
    let address = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
    let rest = match address.strip_prefix(prefix) {
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        Some(rest) if rest.is_empty() || rest.starts_with('?') => format!("/{rest}"),
        _ => return,
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(rest).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}
