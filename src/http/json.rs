//! JSON replies, and refusals in the form of GraphQL errors.

use poem::http::StatusCode;
use poem::http::header::RETRY_AFTER;
use poem::{Body, IntoResponse as _, Response};
use serde_json::json;

use crate::django::ascii_json;

/// The value of `Retry-After` when the server is busy.
pub(super) const RETRY_AFTER_SECONDS: u32 = 5;

pub(super) fn response(status: StatusCode, body: impl Into<Body>) -> Response {
    Response::builder().status(status).content_type("application/json").body(body)
}

pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    let body = ascii_json::to_string(&json!({ "errors": [{ "message": message }] }));
    response(status, body.expect("strings can be serialized"))
}

pub(super) fn unavailable(message: &str) -> Response {
    let response = refuse(StatusCode::SERVICE_UNAVAILABLE, message);
    response.with_header(RETRY_AFTER, RETRY_AFTER_SECONDS).into_response()
}

/// Returns the reply for an error of the router or an endpoint. `public_path` is the path of `public_url`.
pub(super) fn from_error(error: &poem::Error, public_path: &str) -> Response {
    let status = error.status();
    if status == StatusCode::NOT_FOUND {
        return refuse(status, &format!("There is nothing here; GraphQL is at {public_path}/graphql."));
    }
    if status.is_client_error() {
        return refuse(status, "The request cannot be answered.");
    }
    tracing::error!("{error}");
    refuse(status, "Internal server error")
}
