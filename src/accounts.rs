//! The rules of accounts: plain synchronous Rust, without HTTP, GraphQL or SQL text. A function here answers what
//! happened or an [`Error`], and whatever it changes it changes in one transaction.

pub mod action_links;
pub mod activation;
pub mod admin;
pub mod archive_delete;
pub mod audit;
pub mod cleanup;
pub mod email;
pub mod error;
pub mod login;
pub mod migrate;
pub mod notices;
pub mod password;
pub mod profile;
pub mod refresh;
pub mod register;
pub mod secondary_email;
pub mod sessions;
pub mod text;
pub mod throttle;
pub mod user_list;
pub mod validation;
pub mod viewer;

pub use crate::store::accounts::{Account, AccountId, Filter};
pub use error::{Error, FieldError, FieldErrors, Result, Unavailable};
pub use viewer::{Client, Viewer};
