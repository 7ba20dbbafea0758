//! One log line for each request. It contains the route instead of the path, which may contain a token.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use poem::http::Method;
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response, Result};

use crate::graphql::Summary;
use crate::random::Random;

/// The route of every path without a route of its own.
pub(super) const FALLBACK: &str = "/*path";

/// Other methods are logged as `unknown`, because a client may send any word as a method.
const KNOWN_METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// Routes that monitoring requests every few seconds. They are logged at level debug.
const MONITORING: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The error codes of a rejected form. Pages attach them to their responses.
#[derive(Clone)]
pub(super) struct Codes(pub(super) BTreeSet<&'static str>);

/// Logs a request with an id, which the response also contains. poem's `RequestId` is not used, because its ids do not
/// come from `Random`, and because it adds a span to every log line.
pub(super) async fn log<E: Endpoint>(endpoint: Arc<E>, request: Request, random: Random) -> Result<Response> {
    let began = Instant::now();
    let id = random.hex::<8>();
    let method = request.method().clone();
    let is_front_page = request.uri().path() == "/";
    let response = endpoint.call(request).await?.into_response();
    // The front page has no route of its own: the fallback serves it.
    let route = match response.data::<PathPattern>() {
        Some(pattern) if &*pattern.0 != FALLBACK => &*pattern.0,
        _ if is_front_page => "/",
        _ => "unknown",
    };
    let method = if KNOWN_METHODS.contains(&method) { method.as_str() } else { "unknown" };
    let status = response.status().as_u16();
    let ms = began.elapsed().as_micros() as f64 / 1000.0;
    let summary = response.data::<Summary>();
    let fields = summary.map(|summary| summary.fields.as_str()).filter(|fields| !fields.is_empty());
    let outcome = summary.map(|summary| summary.outcome);
    let codes = response.data::<Codes>().map(|codes| &codes.0).or(summary.map(|summary| &summary.codes));
    let codes = codes.map(|codes| codes.iter().copied().collect::<Vec<_>>().join(" "));
    let codes = codes.filter(|codes| !codes.is_empty());
    if MONITORING.contains(&route) {
        tracing::debug!(id, method, route, status, ms, "request");
    } else {
        tracing::info!(id, method, route, status, ms, fields, outcome, codes, "request");
    }
    Ok(response.with_header("X-Request-Id", id).into_response())
}
