//! Persons: what people do with a server, so that tests can say it in their words.

use serde_json::{Value, json};

use crate::support::server::TestServer;

/// The password of whoever has not chosen another.
pub const PASSWORD: &str = "kelp-Forest-41";
/// A password that nobody has yet.
pub const OTHER_PASSWORD: &str = "harbor.Quartz.88";

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    pub email: String,
    pub token: String,
    pub refresh_token: String,
}

impl Person {
    /// What the server says of this person's token.
    pub async fn me(&self, server: &TestServer) -> Value {
        let selection = "{ me { email username firstName lastName verified archived secondaryEmail } }";
        server.ask(Some(&self.token), selection).await["me"].take()
    }

    /// A mutation in this person's name; answers its payload.
    pub async fn does(&self, server: &TestServer, mutation: &str) -> Value {
        server.mutate(Some(&self.token), mutation).await
    }
}

impl TestServer {
    /// Sends a query that is answered, and answers its data.
    pub async fn ask(&self, token: Option<&str>, query: &str) -> Value {
        let mut answer = self.send(token, query, json!({})).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        assert!(answer.body.get("errors").is_none(), "{query}: {}", answer.body);
        answer.body["data"].take()
    }

    /// Sends one mutation with `success` and `errors` selected, and answers its payload.
    pub async fn mutate(&self, token: Option<&str>, mutation: &str) -> Value {
        let selection = if mutation.ends_with('}') { "" } else { " { success errors }" };
        let data = self.ask(token, &format!("mutation {{ payload: {mutation}{selection} }}")).await;
        data["payload"].clone()
    }

    /// Somebody registers and has not followed the link yet; answers the address.
    pub async fn registers(&self, name: &str) -> String {
        let email = format!("{name}@example.org");
        let register = format!(
            "register(email: {email:?}, username: {name:?}, password1: {PASSWORD:?}, password2: {PASSWORD:?})"
        );
        assert_done(&self.mutate(None, &register).await);
        email
    }

    /// Somebody registers and follows the link; answers the address.
    pub async fn verifies(&self, name: &str) -> String {
        let email = self.registers(name).await;
        let token = self.last_link(&email);
        assert_done(&self.mutate(None, &format!("verifyAccount(token: {token:?})")).await);
        email
    }

    /// Somebody registers, follows the link and logs in.
    pub async fn joins(&self, name: &str) -> Person {
        let email = self.verifies(name).await;
        self.logs_in(&email, PASSWORD).await
    }

    /// Somebody logs in, which must work.
    pub async fn logs_in(&self, email: &str, password: &str) -> Person {
        let payload = self.tries_to_log_in(email, password).await;
        assert_done(&payload);
        let text = |field: &str| payload[field].as_str().expect("a token").to_owned();
        Person { email: email.to_owned(), token: text("token"), refresh_token: text("refreshToken") }
    }

    /// Somebody tries to log in; answers the payload.
    pub async fn tries_to_log_in(&self, email: &str, password: &str) -> Value {
        let selection = "{ success errors token refreshToken unarchiving user { username email } }";
        self.mutate(None, &format!("tokenAuth(email: {email:?}, password: {password:?}) {selection}")).await
    }

    /// The token in the last mail to an address.
    pub fn last_link(&self, email: &str) -> String {
        let mails = self.mails_to(email);
        let text = &mails.last().unwrap_or_else(|| panic!("no mail to {email}")).text;
        let token = regex::Regex::new("eyJ[A-Za-z0-9_-]+:[0-9A-Za-z]+:[A-Za-z0-9_-]+").expect("a pattern");
        token.find(text).unwrap_or_else(|| panic!("no token in {text}")).as_str().to_owned()
    }

    /// Somebody asks for a new password; answers the token that was mailed.
    pub async fn asks_for_a_reset(&self, email: &str) -> String {
        assert_done(&self.mutate(None, &format!("sendPasswordResetEmail(email: {email:?})")).await);
        self.last_link(email)
    }

    /// Somebody follows a link for a new password; answers the payload.
    pub async fn resets(&self, token: &str, password: &str) -> Value {
        let reset = format!(
            "passwordReset(token: {token:?}, newPassword1: {password:?}, newPassword2: {password:?})"
        );
        self.mutate(None, &reset).await
    }

    /// Somebody turns a refresh token in; answers the payload.
    pub async fn refreshes(&self, refresh_token: &str) -> Value {
        let selection = "{ success errors token refreshToken }";
        self.mutate(None, &format!("refreshToken(refreshToken: {refresh_token:?}) {selection}")).await
    }
}

/// The mutation was done.
#[track_caller]
pub fn assert_done(payload: &Value) {
    assert_eq!(payload["success"], true, "{payload}");
    assert_eq!(payload["errors"], Value::Null);
}

/// The mutation was refused with this code for this field, and nothing else was said.
#[track_caller]
pub fn assert_refused(payload: &Value, field: &str, code: &str) {
    assert_eq!(payload["success"], false, "{payload}");
    let errors = payload["errors"].as_object().expect("complaints");
    assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{payload}");
    assert_eq!(errors[field].as_array().map(Vec::len), Some(1), "{payload}");
    assert_eq!(errors[field][0]["code"], code, "{payload}");
}
