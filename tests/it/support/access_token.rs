//! Access tokens that tests sign themselves.

use pledge4future_auth::tokens::{SigningKey, access};
use serde_json::{Value, json};

pub const KEY: &str = "a-key-that-django-signed-with-too";
/// The setting with which a server accepts the tokens of this module.
pub const KEY_SETTING: &str = "secret_key = \"a-key-that-django-signed-with-too\"\n";

pub fn sign(claims: &Value) -> String {
    access::sign(&SigningKey::new(KEY.to_owned().into()), claims).expect("a token")
}

/// Returns a token as Django issues it, without the claims of this program.
pub fn django_token(email: &str, issued_at: i64) -> String {
    sign(&json!({ "email": email, "exp": issued_at + 86_400, "origIat": issued_at }))
}
