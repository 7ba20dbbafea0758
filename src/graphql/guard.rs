//! Checks requests before async-graphql executes them.

mod document_limits;
mod operation;
mod text_limits;
mod traversal;

use async_graphql::ServerError;
use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;

use super::error::syntax_error;
pub(super) use operation::check;

/// Parses a document. Rejects one that would exhaust the server.
pub(super) fn parse(query: &str) -> Result<ExecutableDocument, ServerError> {
    text_limits::check(query)?;
    let document = parse_query(query).map_err(syntax_error)?;
    document_limits::check(&document)?;
    Ok(document)
}
