//! Converts errors to GraphQL errors, and limits their size.

use async_graphql::{ErrorExtensions as _, ServerError, parser};

use crate::error::Error;

/// The extension of a transient error with the number of seconds to wait before a retry.
const RETRY_AFTER: &str = "retryAfter";
const INTERNAL: &str = "Internal server error";
const OUTCOME_UNKNOWN: &str = "Your request may have been carried out. Check before you send it again.";
const MAX_ERRORS: usize = 50;
const MAX_CHARACTERS: usize = 500;

/// Converts an error for a field whose payload has no errors: only the first message of a rejection fits. An internal error
/// is logged, and its cause is not sent to the client.
pub(super) fn request_error(error: Error) -> async_graphql::Error {
    match error {
        Error::Refused(errors) => async_graphql::Error::new(errors.messages().next().unwrap_or_default()),
        Error::BadRequest(message) => async_graphql::Error::new(message),
        Error::Unavailable(unavailable) => {
            async_graphql::Error::new(unavailable.sentence).extend_with(|_, extensions| {
                extensions.set(RETRY_AFTER, unavailable.retry_after);
            })
        }
        Error::OutcomeUnknown => async_graphql::Error::new(OUTCOME_UNKNOWN),
        Error::Internal(error) => {
            tracing::error!("{error:#}");
            async_graphql::Error::new(INTERNAL)
        }
    }
}

/// Returns whether the request may succeed if it is repeated later.
pub fn is_transient(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get(RETRY_AFTER).is_some())
}

pub(super) fn is_server_failure(error: &ServerError) -> bool {
    error.message == INTERNAL || error.message == OUTCOME_UNKNOWN || is_transient(error)
}

/// Shortens a syntax error to one sentence, because the message of the parser quotes the whole faulty line.
pub(super) fn syntax_error(error: parser::Error) -> ServerError {
    let error = ServerError::from(error);
    let last = error.message.lines().last().unwrap_or_default().trim_start();
    // The last line of the message is like `= expected selection_set`.
    let Some(reason) = last.strip_prefix("= ") else { return error };
    let position = error.locations.first().map(|pos| format!(" at line {}, column {}", pos.line, pos.column));
    let message = format!("Syntax error{}: {reason}.", position.unwrap_or_default());
    ServerError { message, ..error }
}

/// Limits the number of errors and the length of each, because validation quotes everything that it rejects.
pub(super) fn truncate(errors: &mut Vec<ServerError>) {
    errors.truncate(MAX_ERRORS);
    for error in errors {
        if let Some((end, _)) = error.message.char_indices().nth(MAX_CHARACTERS) {
            error.message.truncate(end);
            error.message.push('…');
        }
    }
}
