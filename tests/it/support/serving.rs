//! GraphQL requests to `serve`, and the people who send them.

use serde_json::Value;

use super::api::Api;
use super::mutation::{Mutation, log_in, register, verify_account};
use super::person::{PASSWORD, assert_done};
use super::program::Serving;

impl Serving {
    pub fn api(&self) -> Api {
        Api { endpoint: self.endpoint() }
    }

    /// Sends a document without variables, which must succeed. Returns its data.
    pub async fn query(&self, token: Option<&str>, document: &str) -> Value {
        self.api().query(token, document).await
    }

    /// Sends a mutation, which must return a payload.
    pub async fn mutate(&self, mutation: &Mutation) -> Value {
        self.api().mutate(None, mutation).await
    }

    /// Sends a mutation of a person who is logged in, which must return a payload.
    pub async fn mutate_as(&self, token: &str, mutation: &Mutation) -> Value {
        self.api().mutate(Some(token), mutation).await
    }

    /// Registers an account.
    pub async fn register(&self, name: &str) {
        assert_done(
            &self.mutate(&register(&format!("{name}@example.org"), PASSWORD).with("username", name)).await,
        );
    }

    /// Follows the link of an activation mail. Returns the payload.
    pub async fn activate(&self, mail: &str) -> Value {
        let link = activation_link(mail);
        let (_, token) = link.rsplit_once('/').expect("a link ends with its token");
        self.mutate(&verify_account(token)).await
    }

    /// Tries to log in. Returns the payload.
    pub async fn try_log_in(&self, email: &str, password: &str) -> Value {
        self.mutate(&log_in(email, password).select("success errors token")).await
    }

    /// Logs in, which must succeed. Returns the access token.
    pub async fn log_in(&self, email: &str, password: &str) -> String {
        let payload = self.try_log_in(email, password).await;
        assert_done(&payload);
        payload["token"].as_str().expect("a token").to_owned()
    }
}

/// Returns the only link of an activation mail.
pub fn activation_link(mail: &str) -> String {
    let mut links = mail.lines().filter(|line| line.starts_with("http://localhost:8000/activate/"));
    let link = links.next().unwrap_or_else(|| panic!("no link in {mail}"));
    assert_eq!(links.next(), None, "a second link in {mail}");
    link.to_owned()
}
