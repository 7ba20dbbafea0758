//! People with a second factor, and what they send.

use std::time::Duration;

use serde_json::{Value, json};

use super::mutation::{Mutation, log_in, mutation};
use super::person::{PASSWORD, Person, assert_done};
use super::phone::Phone;
use super::security_key::SecurityKey;
use super::server::{TestServer, payload_of};

/// What the payload of a login contains.
pub const LOGIN: &str =
    "success errors token refreshToken unarchiving user { email } challenge passkeyOptions";
/// The time after which an app shows another code.
pub const STEP: Duration = Duration::from_secs(30);
/// The origin of the pages of a server with the default `public_url`.
pub const ORIGIN: &str = "http://localhost:8000";

/// A person with an authenticator app.
#[derive(Debug, Clone)]
pub struct AppOwner {
    pub person: Person,
    pub phone: Phone,
    pub recovery_codes: Vec<String>,
}

impl AppOwner {
    /// Logs in with the password and a code. Returns the payload.
    pub async fn log_in_with(&self, server: &TestServer, code: &str) -> Value {
        server.mutate(None, &log_in_with_code(&self.person.email, code)).await
    }

    /// Sends the password alone. Returns the challenge.
    pub async fn challenge(&self, server: &TestServer) -> String {
        challenge_for(server, &self.person.email).await
    }

    /// Finishes a login with a code. Returns the payload.
    pub async fn finish(&self, server: &TestServer, challenge: &str, code: &str) -> Value {
        server.mutate(None, &finish_with_code(challenge, code)).await
    }

    /// Waits for the next code, and logs in with it.
    pub async fn log_in(&self, server: &TestServer) -> Person {
        let code = server.next_code(&self.phone);
        Person::new(&self.person.email, &self.log_in_with(server, &code).await)
    }
}

pub fn set_up_second_factor(password: &str) -> Mutation {
    let set_up = mutation("setUpSecondFactor", json!({ "password": password }));
    set_up.select("success errors otpauthUri qrSvg secret")
}

pub fn confirm_second_factor(code: &str) -> Mutation {
    mutation("confirmSecondFactor", json!({ "code": code })).select("success errors recoveryCodes")
}

pub fn remove_second_factor(password: &str, code: &str) -> Mutation {
    mutation("removeSecondFactor", json!({ "password": password, "code": code }))
}

pub fn renew_recovery_codes(password: &str, code: &str) -> Mutation {
    let arguments = json!({ "password": password, "code": code });
    mutation("renewRecoveryCodes", arguments).select("success errors recoveryCodes")
}

/// Logs in with the password, and selects the challenge.
pub fn log_in_without_code(email: &str) -> Mutation {
    log_in(email, PASSWORD).select(LOGIN)
}

pub fn log_in_with_code(email: &str, code: &str) -> Mutation {
    log_in_without_code(email).with("code", code)
}

pub fn finish_with_code(challenge: &str, code: &str) -> Mutation {
    mutation("tokenAuthSecondFactor", json!({ "challenge": challenge, "code": code })).select(LOGIN)
}

pub fn finish_with_passkey(challenge: &str, answer: &Value) -> Mutation {
    let arguments = json!({ "challenge": challenge, "credential": answer.to_string() });
    mutation("tokenAuthPasskey", arguments).select(LOGIN)
}

pub fn start_passkey_login() -> Mutation {
    mutation("startPasskeyLogin", json!({})).select("success errors challenge options")
}

pub fn start_passkey_registration(password: &str) -> Mutation {
    let start = mutation("startPasskeyRegistration", json!({ "password": password }));
    start.select("success errors challenge options")
}

pub fn finish_passkey_registration(challenge: &str, answer: &Value, name: &str) -> Mutation {
    let arguments = json!({ "challenge": challenge, "credential": answer.to_string(), "name": name });
    let selection = "success errors recoveryCodes passkey { id name createdAt lastUsedAt backedUp }";
    mutation("finishPasskeyRegistration", arguments).select(selection)
}

/// Sends the right password without a second factor. Returns the challenge.
pub async fn challenge_for(server: &TestServer, email: &str) -> String {
    challenge_of(&server.mutate(None, &log_in_without_code(email)).await)
}

/// Returns the challenge in a payload.
#[track_caller]
pub fn challenge_of(payload: &Value) -> String {
    payload["challenge"].as_str().unwrap_or_else(|| panic!("no challenge in {payload}")).to_owned()
}

/// Returns the recovery codes in a payload.
#[track_caller]
pub fn recovery_codes(payload: &Value) -> Vec<String> {
    assert_done(payload);
    let codes = payload["recoveryCodes"].as_array().expect("codes");
    codes.iter().map(|code| code.as_str().expect("a code").to_owned()).collect()
}

/// Asserts that a reply contains no token.
#[track_caller]
pub fn assert_no_tokens(payload: &Value) {
    for field in ["token", "refreshToken", "user"] {
        assert_eq!(payload[field], Value::Null, "{payload}");
    }
}

impl TestServer {
    /// Returns the code that a phone shows now.
    pub fn code(&self, phone: &Phone) -> String {
        phone.code_at(self.now_seconds())
    }

    /// Waits for the next code.
    pub fn next_code(&self, phone: &Phone) -> String {
        self.advance(STEP);
        self.code(phone)
    }

    /// Returns a code that a phone does not show within five minutes.
    pub fn wrong_code(&self, phone: &Phone) -> String {
        let shown: Vec<String> =
            (-10..=10).map(|steps| phone.code_at(self.now_seconds() + steps * 30)).collect();
        let mut codes = (0..100).map(|number| format!("{number:06}"));
        codes.find(|code| !shown.contains(code)).expect("a code")
    }

    /// Sets up an authenticator app for a person, who is logged in.
    pub async fn add_app(&self, person: Person) -> AppOwner {
        let payload = person.mutate(self, &set_up_second_factor(PASSWORD)).await;
        assert_done(&payload);
        let phone = Phone::scan(payload["otpauthUri"].as_str().expect("an address"));
        let payload = person.mutate(self, &confirm_second_factor(&self.code(&phone))).await;
        AppOwner { person, phone, recovery_codes: recovery_codes(&payload) }
    }

    /// Registers and verifies an account, logs in, and sets up an authenticator app.
    pub async fn sign_up_with_app(&self, name: &str) -> AppOwner {
        self.add_app(self.sign_up(name).await).await
    }

    /// Registers a passkey for a person who has just logged in. Returns the payload.
    pub async fn add_passkey(&self, person: &Person, key: &mut SecurityKey, name: &str) -> Value {
        let payload = person.mutate(self, &start_passkey_registration(PASSWORD)).await;
        assert_done(&payload);
        let answer = key.register(&payload["options"], ORIGIN);
        let finish = finish_passkey_registration(&challenge_of(&payload), &answer, name);
        let payload = person.mutate(self, &finish).await;
        assert_done(&payload);
        payload
    }

    /// Begins a login with a passkey alone. Returns the challenge and the options.
    pub async fn start_passkey_login(&self) -> (String, Value) {
        let mut payload = self.mutate(None, &start_passkey_login()).await;
        assert_done(&payload);
        (challenge_of(&payload), payload["options"].take())
    }

    /// Logs in with a passkey alone. Returns the payload.
    pub async fn log_in_with_passkey(&self, key: &mut SecurityKey) -> Value {
        let (challenge, options) = self.start_passkey_login().await;
        self.mutate(None, &finish_with_passkey(&challenge, &key.log_in(&options, ORIGIN))).await
    }

    /// Sends a mutation to `/relay`. Returns the payload.
    pub async fn mutate_in_relay(&self, mutation: &Mutation) -> Value {
        let body = mutation.clone().in_input().body();
        payload_of(self.raw(reqwest::Method::POST, "/relay").json(&body)).await
    }

    /// Returns the claims of an access token.
    pub async fn claims(&self, token: &str) -> Value {
        let verify = super::mutation::verify_token(token).select("success errors payload");
        let mut payload = self.mutate(None, &verify).await;
        assert_done(&payload);
        payload["payload"].take()
    }

    /// Returns the number of sessions and refresh tokens in the database.
    pub fn count_sessions(&self) -> (usize, usize) {
        (self.rows_of("sessions").len(), self.rows_of("refresh_tokens").len())
    }
}
