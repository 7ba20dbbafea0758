//! People with accounts, and what they do.

use pledge4future_auth::groups::invitations;
use regex::Regex;
use serde_json::Value;

use super::mutation::{
    self, Mutation, log_in, refresh_token, register, request_secondary_email, verify_account,
    verify_secondary_email,
};
use super::server::{TestServer, last_token};

/// The password with which people register.
pub const PASSWORD: &str = "kelp-Forest-41";
/// Another valid password.
pub const OTHER_PASSWORD: &str = "harbor.Quartz.88";

/// A person who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    pub email: String,
    pub token: String,
    pub refresh_token: String,
}

impl Person {
    /// A person with the tokens of a payload.
    pub fn new(email: &str, payload: &Value) -> Self {
        assert_done(payload);
        let token = |field: &str| payload[field].as_str().expect("a token").to_owned();
        Self { email: email.to_owned(), token: token("token"), refresh_token: token("refreshToken") }
    }

    /// Returns the account, or null if the token is not valid.
    pub async fn me(&self, server: &TestServer) -> Value {
        let query = "{ me { email username firstName lastName verified archived secondaryEmail } }";
        self.query(server, query).await["me"].take()
    }

    pub async fn query(&self, server: &TestServer, query: &str) -> Value {
        server.query(Some(&self.token), query).await
    }

    pub async fn mutate(&self, server: &TestServer, mutation: &Mutation) -> Value {
        server.mutate(Some(&self.token), mutation).await
    }

    /// Requests a secondary address. Returns the mailed token.
    pub async fn request_secondary_email(&self, server: &TestServer, email: &str) -> String {
        assert_done(&self.mutate(server, &request_secondary_email(email, PASSWORD)).await);
        server.mailed_token(email)
    }

    /// Adds a secondary address. Returns the consumed token.
    pub async fn add_secondary_email(&self, server: &TestServer, email: &str) -> String {
        let token = self.request_secondary_email(server, email).await;
        assert_done(&server.mutate(None, &verify_secondary_email(&token)).await);
        token
    }
}

impl TestServer {
    /// Registers an account. Returns its address.
    pub async fn register(&self, name: &str) -> String {
        let email = format!("{name}@example.org");
        assert_done(&self.mutate(None, &register(&email, PASSWORD).with("username", name)).await);
        email
    }

    /// Registers and verifies an account. Returns its address.
    pub async fn register_verified(&self, name: &str) -> String {
        let email = self.register(name).await;
        assert_done(&self.mutate(None, &verify_account(&self.mailed_token(&email))).await);
        email
    }

    /// Registers and verifies an account, and logs in.
    pub async fn sign_up(&self, name: &str) -> Person {
        let email = self.register_verified(name).await;
        self.log_in(&email, PASSWORD).await
    }

    pub async fn sign_up_all<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.sign_up(name).await);
        }
        people.try_into().expect("as many people as names")
    }

    /// Logs in, which must succeed.
    pub async fn log_in(&self, email: &str, password: &str) -> Person {
        Person::new(email, &self.try_log_in(email, password).await)
    }

    /// Tries to log in. Returns the payload.
    pub async fn try_log_in(&self, email: &str, password: &str) -> Value {
        let selection = "success errors token refreshToken unarchiving user { username email }";
        self.mutate(None, &log_in(email, password).select(selection)).await
    }

    /// Returns the token in the last mail to an address.
    pub fn mailed_token(&self, email: &str) -> String {
        last_token(&self.mails(), email)
    }

    /// Returns the token of the last invitation of an address.
    pub fn invitation_token(&self, email: &str) -> String {
        let mail = self.mails_to(email).pop().unwrap_or_else(|| panic!("no mail to {email}"));
        let token = Regex::new("/invitation/([0-9a-f]{64})").expect("a pattern");
        token.captures(&mail.text).unwrap_or_else(|| panic!("no token in {}", mail.text))[1].to_owned()
    }

    /// Invites an address for an operator, and returns the token.
    pub fn invite(&self, email: &str, group: Option<&str>) -> String {
        assert!(self.run(|app| invitations::invite_as_operator(app, email, group)).is_ok(), "{email}");
        self.invitation_token(email)
    }

    /// Requests a link to reset the password. Returns the mailed token.
    pub async fn request_reset(&self, email: &str) -> String {
        assert_done(&self.mutate(None, &mutation::request_reset(email)).await);
        self.mailed_token(email)
    }

    /// Resets a password. Returns the payload.
    pub async fn reset_password(&self, token: &str, password: &str) -> Value {
        self.mutate(None, &mutation::reset_password(token, password)).await
    }

    /// Refreshes a session. Returns the payload.
    pub async fn refresh(&self, token: &str) -> Value {
        self.mutate(None, &refresh_token(token).select("success errors token refreshToken")).await
    }

    /// Returns the account of a token, or null.
    pub async fn account_of(&self, token: &str) -> Value {
        self.query(Some(token), "{ me { username } }").await["me"].take()
    }
}

/// Asserts that a mutation succeeded.
#[track_caller]
pub fn assert_done(payload: &Value) {
    assert_eq!(payload["success"], true, "{payload}");
    assert_eq!(payload["errors"], Value::Null);
}

/// Asserts that a mutation was refused with one error: this code at this field.
#[track_caller]
pub fn assert_refused(payload: &Value, field: &str, code: &str) {
    assert_eq!(payload["success"], false, "{payload}");
    let errors = payload["errors"].as_object().expect("errors");
    assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{payload}");
    assert_eq!(errors[field].as_array().map(Vec::len), Some(1), "{payload}");
    assert_eq!(errors[field][0]["code"], code, "{payload}");
}

/// Asserts that a mutation was refused with one error, which belongs to no field.
#[track_caller]
pub fn assert_refused_with(payload: &Value, code: &str) {
    assert_refused(payload, "nonFieldErrors", code);
}
