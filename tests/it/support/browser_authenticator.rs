//! A virtual authenticator of the browser, which holds passkeys.
//!
//! Browsers permit passkeys on `localhost`, but not on `127.0.0.1`.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

use super::browser::Browser;

impl Browser {
    /// Adds an authenticator that is part of the device, and whose user consents to everything. Returns its id.
    pub async fn add_authenticator(&self) -> String {
        let options = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "isUserConsenting": true,
        });
        let id = self.authenticator(http::Method::POST, String::new(), Some(options)).await;
        id.as_str().expect("an id").to_owned()
    }

    /// Removes an authenticator with its passkeys: the person has lost it.
    pub async fn remove_authenticator(&self, id: &str) {
        self.authenticator(http::Method::DELETE, format!("/{id}"), None).await;
    }

    /// Sets whether the authenticator accepts the PIN or fingerprint of its user.
    pub async fn set_user_verified(&self, id: &str, is_verified: bool) {
        let options = json!({ "isUserVerified": is_verified });
        self.authenticator(http::Method::POST, format!("/{id}/uv"), Some(options)).await;
    }

    async fn authenticator(&self, method: http::Method, path: String, body: Option<Value>) -> Value {
        let command = Authenticator { method, path, body };
        let reply = self.client.issue_cmd(command.clone()).await;
        reply.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }
}

/// A command at `/session/{id}/webauthn/authenticator`, which WebAuthn adds to WebDriver.
#[derive(Debug, Clone)]
struct Authenticator {
    method: http::Method,
    /// What follows in the address.
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Authenticator {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/webauthn/authenticator{}", self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (self.method.clone(), self.body.as_ref().map(Value::to_string))
    }
}
