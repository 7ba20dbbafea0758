use anyhow::{Result, bail, ensure};
use secrecy::ExposeSecret as _;

use crate::config::{Config, RegisterField};

pub(super) fn check(config: &Config) -> Result<()> {
    ensure!(
        config.secret_key.as_ref().is_none_or(|key| !key.expose_secret().is_empty()),
        "secret_key: must not be empty; remove it to get a random key"
    );
    let accounts = &config.accounts;
    ensure!(
        !accounts.login_fields.is_empty(),
        "accounts.login_fields: must contain at least \"email\", or no login is possible"
    );
    ensure!(
        !accounts.hide_existence || !accounts.login_unverified || accounts.passwordless_registration,
        "accounts.hide_existence: with accounts.login_unverified, the tokens in the reply to `register` reveal that an \
         account is new; turn one of the two settings off"
    );
    ensure!(
        accounts.register_required.contains(&RegisterField::Email),
        "accounts.register_required: must contain \"email\""
    );
    let twice = accounts.register_required.iter().find(|field| accounts.register_optional.contains(field));
    if let Some(field) = twice {
        let field = serde_json::json!(field);
        bail!(
            "accounts.register_optional: {field} is in accounts.register_required as well; remove it from one list"
        );
    }
    Ok(())
}
