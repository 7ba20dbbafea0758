//! Checks requests before async-graphql executes them.

mod document_limits;
mod operation;
mod text_limits;
mod traversal;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError};

use super::error::syntax_error;
use super::features::Features;
use super::response::RootFields;

/// Rejects a request that would exhaust the server, omits a required variable, uses something that settings turn off, or
/// makes the server check more than one password. Returns the root fields of the operation.
pub(super) fn check(request: &mut Request, features: &Features) -> Result<RootFields, Vec<ServerError>> {
    let document = parse(&request.query).map_err(|error| vec![error])?;
    let fields = operation::check(&document, request, features)?;
    request.set_parsed_query(document);
    Ok(fields)
}

fn parse(query: &str) -> Result<ExecutableDocument, ServerError> {
    text_limits::check(query)?;
    let document = parse_query(query).map_err(syntax_error)?;
    document_limits::check(&document)?;
    Ok(document)
}
