use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The tokens in the payload of a login, a refresh or a password change.
pub struct Tokens {
    /// The id of the session, which the access token contains.
    pub session: String,
    pub token: String,
    pub refresh_token: String,
}

impl Tokens {
    /// Returns `None` if the payload is incomplete.
    pub fn of(payload: &Value) -> Option<Self> {
        let [token, refresh_token] = ["token", "refreshToken"].map(|field| payload[field].as_str());
        let (token, refresh_token) = (token?.to_owned(), refresh_token?.to_owned());
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&claims).ok()?;
        let session = claims["sid"].as_str()?.to_owned();
        Some(Self { session, token, refresh_token })
    }
}
