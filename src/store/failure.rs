//! Why transactions fail.

use anyhow::Error;

use super::sqlite;

/// Why a transaction failed although its rule did not.
#[derive(Debug)]
pub enum TransactionError {
    /// The transaction conflicted with others for too long, the database could not be reached, or a shared commit failed.
    GivenUp(String),
    /// The connection broke during the commit, so the changes may be stored or not.
    CommitUnknown(String),
}

impl std::error::Error for TransactionError {}

impl std::fmt::Display for TransactionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::GivenUp(cause) => write!(f, "{cause}"),
            Self::CommitUnknown(cause) => write!(f, "the connection broke during a commit: {cause}"),
        }
    }
}

/// Whether the error comes from the disk, the network or other writers, and may be transient.
pub fn is_storage_error(error: &Error) -> bool {
    // r2d2 fails if no connection becomes free in time. Transactions are short, so the cause is one of the above.
    error.downcast_ref().is_some_and(sqlite::is_storage_error)
        || error.is::<r2d2::Error>()
        || matches!(error.downcast_ref(), Some(TransactionError::GivenUp(_)))
}

/// Whether a transaction failed during its commit, so that its changes may be stored or not.
pub fn is_commit_unknown(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(TransactionError::CommitUnknown(_)))
}
