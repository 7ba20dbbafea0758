//! One line of the log for each request. It holds the route in place of the path, which may hold a token.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use poem::http::Method;
use poem::{Endpoint, IntoResponse, PathPattern, Request, Response, Result};

use crate::graphql::Summary;
use crate::random::Random;

/// The route of every path that has no other.
pub(super) const FALLBACK: &str = "/*path";

/// Requests that monitoring sends every few seconds; they are logged at the level debug.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The codes of a refusal. A page attaches them to its response; the summary of GraphQL has its own.
#[derive(Clone)]
pub(super) struct Codes(pub(super) BTreeSet<&'static str>);

/// Answers a request and logs it under an id, which the response carries too.
pub(super) async fn log<E: Endpoint>(endpoint: Arc<E>, request: Request, random: Random) -> Result<Response> {
    let began = Instant::now();
    let id = random.hex::<8>();
    let method = known_method(request.method());
    let is_front_page = request.uri().path() == "/";
    let response = endpoint.call(request).await?.into_response();
    let route = match response.data::<PathPattern>() {
        Some(pattern) if &*pattern.0 != FALLBACK => &*pattern.0,
        _ if is_front_page => "/",
        _ => "unknown",
    };
    let status = response.status().as_u16();
    // At most three decimals.
    let ms = began.elapsed().as_micros() as f64 / 1000.0;
    let summary = response.data::<Summary>();
    let fields = summary.map(|summary| summary.fields.as_str()).filter(|fields| !fields.is_empty());
    let outcome = summary.map(|summary| summary.outcome);
    let codes = response.data::<Codes>().map(|codes| &codes.0).or(summary.map(|summary| &summary.codes));
    let codes = codes
        .filter(|codes| !codes.is_empty())
        .map(|codes| codes.iter().copied().collect::<Vec<_>>().join(" "));
    let codes = codes.as_deref();
    if PROBES.contains(&route) {
        tracing::debug!(id, method, route, status, ms, "request");
    } else {
        tracing::info!(id, method, route, status, ms, fields, outcome, codes, "request");
    }
    Ok(response.with_header("X-Request-Id", id).into_response())
}

/// The name of a method. A client may send any word as a method, so only those of HTTP are named.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "unknown",
    }
}
