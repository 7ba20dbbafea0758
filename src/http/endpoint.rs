//! `/graphql` and `/relay`: checks a request, parses it with async-graphql-poem, executes it and writes the reply.
//!
//! A request that cannot be parsed or validated gets 400 with `errors` and without `data`. A rejection by a rule and a
//! failed resolver get 200. A transient error gets 503 with `Retry-After`.

use std::sync::Arc;

use async_graphql::{Request as GraphQlRequest, ServerError, Value};
use async_graphql_poem::GraphQLRequest;
use bytes::Bytes;
use poem::error::{InternalServerError, ReadBodyError};
use poem::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::web::RequestBody;
use poem::{Body, FromRequest as _, IntoResponse as _, Request, Response, Result};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::client_quota::{ClientQuota, Reservation};
use super::{client_ip, graphiql, json};
use crate::django::ascii_json;
use crate::graphql::{self, GraphQl, MutationStyle};
use crate::security::Viewer;

/// Replies up to this size do not count towards the quota of unsent bytes, because the limit on requests suffices.
const SMALL_REPLY_BYTES: usize = 8 * 1024;

const INVALID_JSON: &str = "POST body sent invalid JSON.";

pub(super) struct GraphQlEndpoint {
    pub(super) graphql: Arc<GraphQl>,
    pub(super) style: MutationStyle,
    pub(super) max_body: usize,
    /// The GraphiQL page for browsers, if it is enabled.
    pub(super) graphiql: Option<Bytes>,
    pub(super) unsent_bytes: ClientQuota,
}

/// The body of a large reply, which holds its reservation until the last byte is sent.
struct ReservedBody {
    body: Box<str>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for ReservedBody {
    fn as_ref(&self) -> &[u8] {
        self.body.as_bytes()
    }
}

/// The body of a reply. `GraphQLResponse` of async-graphql-poem is not used: it writes `data: null` for a request that was
/// not executed, does not escape characters outside ASCII, and cannot hold a reservation.
#[derive(Serialize)]
struct Reply<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
}

impl poem::Endpoint for GraphQlEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if let Some(page) = self.graphiql.as_ref().filter(|_| graphiql::is_requested(&request)) {
            return Ok(graphiql::page_response(page));
        }
        match self.parse(&mut request).await {
            Ok(query) => self.execute(query, viewer(&request)).await,
            Err(refusal) => Ok(refusal),
        }
    }
}

impl GraphQlEndpoint {
    /// Checks method, media type and size before the extractor reads the body.
    async fn parse(&self, request: &mut Request) -> std::result::Result<GraphQlRequest, Response> {
        if let Some(refusal) = refusal_of_headers(request) {
            return Err(refusal);
        }
        let body =
            request.take_body().into_bytes_limit(self.max_body).await.map_err(|error| match error {
                ReadBodyError::PayloadTooLarge => {
                    let message =
                        format!("The request is too large: at most {} bytes are allowed.", self.max_body);
                    json::refuse(StatusCode::PAYLOAD_TOO_LARGE, &message)
                }
                _ => bad_request("The body of the request is incomplete."),
            })?;
        let mut body = RequestBody::new(normalize(&body).map_err(bad_request)?);
        // The extractor would reject a media type with malformed parameters, such as `application/json; charset`.
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let extracted = GraphQLRequest::from_request(request, &mut body).await;
        extracted.map(|GraphQLRequest(query)| query).map_err(|_| bad_request(INVALID_JSON))
    }

    async fn execute(&self, query: GraphQlRequest, viewer: Viewer) -> Result<Response> {
        let client = viewer.client.network();
        let (response, summary) = self.graphql.execute(self.style, query, viewer).await;
        let errors = response.errors.as_slice();
        // Every root field is nullable, so `data` is null only if nothing was executed or an argument was invalid.
        let is_executed = response.data != Value::Null;
        let status = if errors.iter().any(graphql::is_transient) {
            StatusCode::SERVICE_UNAVAILABLE
        } else if is_executed {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        let reply = Reply { errors, data: is_executed.then_some(&response.data) };
        let body = ascii_json::to_string(&reply).map_err(InternalServerError)?;
        let mut reply = match self.reserve(client, body) {
            Some(body) => json::response(status, body),
            None => json::unavailable(
                "Too many of your large replies are still unread. Your request may have been carried out. Read the replies, \
                 then check before you send it again.",
            ),
        };
        reply.headers_mut().extend(response.http_headers);
        reply.set_data(summary);
        Ok(reply)
    }

    /// Returns the body of a reply, or `None` if the quota of unsent bytes is used up.
    fn reserve(&self, client: String, body: String) -> Option<Bytes> {
        if body.len() <= SMALL_REPLY_BYTES {
            return Some(body.into());
        }
        let reservation = self.unsent_bytes.reserve(client, body.len())?;
        Some(Bytes::from_owner(ReservedBody { body: body.into_boxed_str(), _reservation: reservation }))
    }
}

fn bad_request(message: &str) -> Response {
    json::refuse(StatusCode::BAD_REQUEST, message)
}

/// Returns the refusal of a request that is not a POST of JSON.
fn refusal_of_headers(request: &Request) -> Option<Response> {
    let method_not_allowed = |allowed: &str, message| {
        json::refuse(StatusCode::METHOD_NOT_ALLOWED, message).with_header(ALLOW, allowed).into_response()
    };
    match *request.method() {
        Method::POST => {}
        Method::GET | Method::HEAD => {
            return Some(method_not_allowed("POST", "Send GraphQL as a POST request with a body of JSON."));
        }
        _ => return Some(method_not_allowed("GET, POST", "GraphQL only supports GET and POST requests.")),
    }
    let media_type = request.header(CONTENT_TYPE).and_then(|header| header.split(';').next());
    match media_type.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => None,
        "application/x-www-form-urlencoded" | "multipart/form-data" | "application/graphql" => {
            let message = "Send the query as JSON, with the header Content-Type: application/json.";
            Some(json::refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        }
        _ => Some(bad_request("Must provide query string.")),
    }
}

/// The members of a body that have a meaning. Values are not parsed yet.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    query: &'a RawValue,
    #[serde(borrow, rename = "operationName")]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    extensions: Option<IgnoredAny>,
}

/// Returns whether the extractor reads the body in the same way as graphene-django. That is so for most clients.
fn is_normal(body: &[u8]) -> bool {
    let is_text = |value: &RawValue| value.get().starts_with('"') && value.get() != "\"\"";
    // serde also reads a list as a struct.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    is_object
        && serde_json::from_slice::<Members<'_>>(body).is_ok_and(|members| {
            is_text(members.query)
                && members.operation_name.is_none_or(is_text)
                && members.variables.is_none_or(|variables| variables.get().starts_with('{'))
                && members.extensions.is_none()
        })
}

/// Reduces a body to the members that graphene-django reads, and rejects a malformed one with the messages of
/// graphene-django. The extractor would accept lists of requests, reject variables in a string, and have one error message.
fn normalize(body: &Bytes) -> std::result::Result<Body, &'static str> {
    if is_normal(body) {
        return Ok(body.clone().into());
    }
    let body: Json = serde_json::from_slice(body).map_err(|_| INVALID_JSON)?;
    let Json::Object(mut body) = body else {
        return Err("The received data is not a valid JSON query.");
    };
    body.retain(|name, value| match name.as_str() {
        "query" | "operationName" => value.as_str().is_some_and(|text| !text.is_empty()),
        "variables" => value.as_str() != Some(""),
        _ => false,
    });
    if !body.contains_key("query") {
        return Err("Must provide query string.");
    }
    if let Some(variables) = body.get_mut("variables") {
        if let Json::String(text) = variables {
            *variables = serde_json::from_str(text).map_err(|_| "Variables are invalid JSON.")?;
        }
        if !variables.is_object() && !variables.is_null() {
            return Err("Variables are invalid JSON.");
        }
    }
    Ok(Json::Object(body).to_string().into())
}

/// Returns the client with the access token of the header: `JWT …` or `Bearer …`, ignoring case.
fn viewer(request: &Request) -> Viewer {
    let anonymous = client_ip::anonymous_viewer(request);
    let credentials = request.header(AUTHORIZATION).and_then(|header| header.split_once(' '));
    match credentials {
        Some((scheme, token)) if ["jwt", "bearer"].contains(&&*scheme.to_ascii_lowercase()) => {
            anonymous.with_token(token.trim())
        }
        _ => anonymous,
    }
}
