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

/// Rejects a request that omits a required variable, uses something that settings turn off, or makes the server check more
/// than one password. Returns the root fields of the operation.
pub(super) fn check(
    document: &ExecutableDocument,
    request: &Request,
    features: &Features,
) -> Result<RootFields, Vec<ServerError>> {
    operation::check(document, request, features)
}

/// Parses a document. Rejects one that would exhaust the server.
pub(super) fn parse(query: &str) -> Result<ExecutableDocument, ServerError> {
    text_limits::check(query)?;
    let document = parse_query(query).map_err(syntax_error)?;
    document_limits::check(&document)?;
    Ok(document)
}
