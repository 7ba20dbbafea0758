//! The rules of accounts: synchronous functions without HTTP, GraphQL or SQL.

pub mod activation;
pub mod activity;
pub mod admin;
pub mod archive_delete;
pub mod cleanup;
pub mod erasure;
pub mod invitations;
pub mod login;
pub mod migrate;
pub mod page_login;
pub mod passkey_login;
pub mod passkeys;
pub mod password;
pub mod personal_data;
pub mod profile;
pub mod qr_code;
pub mod refresh;
pub mod register;
pub mod second_factor;
pub mod secondary_email;
pub mod sessions;
pub mod user_list;
pub mod validation;

pub use crate::store::accounts::{Account, AccountId, Filter};
