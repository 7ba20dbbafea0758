//! `/graphql` and `/relay`: what is taken for a request, and how it is answered.
//!
//! What cannot be read, parsed or validated is answered 400 with `errors` and no `data`; what a rule refuses, or a
//! resolver fails at, is answered 200; what cannot be done at present, 503 with `Retry-After`.

use std::sync::Arc;

use async_graphql::{Request as GraphQlRequest, ServerError, Value, Variables};
use bytes::Bytes;
use poem::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::{Body, IntoResponse as _, Request, Response, Result};
use serde::Serialize;
use serde_json::json;

use super::shares::{Share, Shares};
use super::{client, graphiql};
use crate::django::ascii_json;
use crate::graphql::{self, GraphQl, MutationStyle};
use crate::security::Viewer;

/// Replies up to this size are not counted.
const SMALL: usize = 8 * 1024;
/// The seconds after which a client may try again.
pub(super) const PAUSE: u32 = 5;

/// The endpoint.
pub(super) struct Endpoint {
    pub(super) graphql: Arc<GraphQl>,
    pub(super) flavour: MutationStyle,
    pub(super) max_body: usize,
    /// The page that browsers get, if they get one.
    pub(super) graphiql: Option<Bytes>,
    /// Bytes of large replies that are unread.
    pub(super) unread: Shares,
}

/// A reply that counts until its last byte is sent.
struct Unread {
    body: Box<str>,
    _share: Share,
}

impl AsRef<[u8]> for Unread {
    fn as_ref(&self) -> &[u8] {
        self.body.as_bytes()
    }
}

#[derive(Serialize)]
struct Reply<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl poem::Endpoint for Endpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if let Some(page) = self.graphiql.as_ref().filter(|_| graphiql::is_asked_for(&request)) {
            return Ok(graphiql::show(page));
        }
        Ok(match self.read(&mut request).await {
            Ok(query) => self.execute(query, viewer(&request)).await,
            Err(answer) => answer,
        })
    }
}

impl Endpoint {
    async fn execute(&self, query: GraphQlRequest, viewer: Viewer) -> Response {
        let client = viewer.client().network();
        let (response, summary) = self.graphql.execute(self.flavour, query, viewer).await;
        let errors = response.errors.as_slice();
        // All fields may be null, so data is: where nothing was executed, or an argument could not be read.
        let executed = response.data != Value::Null;
        let status = if errors.iter().any(graphql::is_transient) {
            StatusCode::SERVICE_UNAVAILABLE
        } else if executed {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        let reply = Reply { errors, data: executed.then_some(&response.data) };
        let mut reply = match ascii_json::to_string(&reply) {
            Ok(body) => match self.counted(client, body) {
                Some(body) => json_body(status, body),
                None => too_much_unread(),
            },
            Err(error) => unwritable(&error),
        };
        reply.headers_mut().extend(response.http_headers);
        reply.set_data(summary);
        reply
    }

    /// Returns the body of a reply; none if too many bytes are unread already. The limits on requests are enough for small
    /// replies.
    fn counted(&self, client: String, body: String) -> Option<Bytes> {
        if body.len() <= SMALL {
            return Some(body.into());
        }
        let share = self.unread.take(client, body.len())?;
        Some(Bytes::from_owner(Unread { body: body.into_boxed_str(), _share: share }))
    }

    async fn read(&self, request: &mut Request) -> std::result::Result<GraphQlRequest, Response> {
        match *request.method() {
            Method::POST => {}
            Method::GET | Method::HEAD => {
                let sentence = "GraphQL is answered to POST requests with a body of JSON.";
                return Err(not_allowed("POST", sentence));
            }
            _ => return Err(not_allowed("GET, POST", "GraphQL only supports GET and POST requests.")),
        }
        match request.header(CONTENT_TYPE).map(media_type).as_deref() {
            Some("application/json") => {}
            Some("application/x-www-form-urlencoded" | "multipart/form-data" | "application/graphql") => {
                let sentence = "Send the query as JSON, with the header Content-Type: application/json.";
                return Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence));
            }
            _ => return Err(refuse(StatusCode::BAD_REQUEST, "Must provide query string.")),
        }
        let body =
            request.take_body().into_bytes_limit(self.max_body).await.map_err(|error| match error {
                poem::error::ReadBodyError::PayloadTooLarge => {
                    let sentence = format!("The request is too large: {} bytes at most.", self.max_body);
                    refuse(StatusCode::PAYLOAD_TOO_LARGE, &sentence)
                }
                _ => refuse(StatusCode::BAD_REQUEST, "The request could not be read to its end."),
            })?;
        parse(&body).map_err(|sentence| refuse(StatusCode::BAD_REQUEST, sentence))
    }
}

/// The sentences are those of graphene-django.
fn parse(body: &[u8]) -> std::result::Result<GraphQlRequest, &'static str> {
    let body: serde_json::Value = serde_json::from_slice(body).map_err(|_| "POST body sent invalid JSON.")?;
    let serde_json::Value::Object(mut body) = body else {
        return Err("The received data is not a valid JSON query.");
    };
    let query = body.get("query").and_then(serde_json::Value::as_str).filter(|query| !query.is_empty());
    let mut request = GraphQlRequest::new(query.ok_or("Must provide query string.")?);
    let operation_name = body.get("operationName").and_then(serde_json::Value::as_str);
    request.operation_name = operation_name.filter(|name| !name.is_empty()).map(str::to_owned);
    let variables = match body.remove("variables") {
        Some(serde_json::Value::String(text)) if text.is_empty() => serde_json::Value::Null,
        Some(serde_json::Value::String(text)) => {
            serde_json::from_str(&text).map_err(|_| "Variables are invalid JSON.")?
        }
        Some(variables) => variables,
        None => serde_json::Value::Null,
    };
    if !matches!(variables, serde_json::Value::Object(_) | serde_json::Value::Null) {
        return Err("Variables are invalid JSON.");
    }
    Ok(request.variables(Variables::from_json(variables)))
}

/// Returns the client with the access token of the header, `JWT …` or `Bearer …`; the scheme may be in any case.
fn viewer(request: &Request) -> Viewer {
    let somebody = Viewer::at(client::of(request));
    let token = request.header(AUTHORIZATION).and_then(|header| header.split_once(' '));
    match token {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("JWT") || scheme.eq_ignore_ascii_case("Bearer") =>
        {
            somebody.with_token(token.trim())
        }
        _ => somebody,
    }
}

fn media_type(header: &str) -> String {
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn not_allowed(methods: &'static str, sentence: &str) -> Response {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, sentence);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// A reply with one error, in the form of GraphQL.
pub(super) fn refuse(status: StatusCode, sentence: &str) -> Response {
    answer(status, &json!({ "errors": [{ "message": sentence }] }))
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match ascii_json::to_string(body) {
        Ok(body) => json_body(status, body),
        Err(error) => unwritable(&error),
    }
}

fn json_body(status: StatusCode, body: impl Into<Body>) -> Response {
    Response::builder().status(status).content_type("application/json").body(body)
}

fn unwritable(error: &serde_json::Error) -> Response {
    tracing::error!("an answer cannot be written: {error}");
    Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).finish()
}

/// Refuses a request of a client that has too many of them under way.
pub(super) fn too_many() -> Response {
    let sentence = "Too many requests come from here at once. Please try again in a few seconds.";
    refuse(StatusCode::SERVICE_UNAVAILABLE, sentence).with_header(RETRY_AFTER, PAUSE).into_response()
}

/// Replaces a large reply if this client or all clients together have left too many of them unread.
fn too_much_unread() -> Response {
    let sentence = "Too many large replies are unread. Your request may have been carried out. Read the replies, then \
        check before you send it again.";
    refuse(StatusCode::SERVICE_UNAVAILABLE, sentence).with_header(RETRY_AFTER, PAUSE).into_response()
}

/// Ends a request that took too long.
pub(super) fn too_late() -> Response {
    let sentence = "This took too long. It may have been done nevertheless: look before you try again.";
    refuse(StatusCode::SERVICE_UNAVAILABLE, sentence).with_header(RETRY_AFTER, PAUSE).into_response()
}

/// Returns the response to a request for which there is no page and no API. `public_path` is the path of `public_url`.
pub(super) async fn outside(error: poem::Error, public_path: Arc<str>) -> Response {
    let status = error.status();
    match status {
        StatusCode::NOT_FOUND => {
            refuse(status, &format!("There is nothing here; GraphQL is at {public_path}/graphql."))
        }
        status if status.is_client_error() => refuse(status, "The request cannot be answered."),
        _ => {
            tracing::error!("{error}");
            refuse(status, "Internal server error")
        }
    }
}
