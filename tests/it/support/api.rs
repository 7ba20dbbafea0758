//! The GraphQL API of a server in another process: this program, or the original.

use serde_json::{Value, json};

use super::mutation::Mutation;

pub struct Api {
    /// The URL for requests.
    pub endpoint: String,
}

impl Api {
    /// Sends a document without variables, which must succeed. Returns its data.
    pub async fn query(&self, token: Option<&str>, document: &str) -> Value {
        self.send(token, &json!({ "query": document })).await
    }

    /// Sends a mutation, which must return a payload.
    pub async fn mutate(&self, token: Option<&str>, mutation: &Mutation) -> Value {
        self.send(token, &mutation.body()).await["payload"].take()
    }

    async fn send(&self, token: Option<&str>, body: &Value) -> Value {
        let mut request = reqwest::Client::new().post(&self.endpoint).json(body);
        if let Some(token) = token {
            request = request.header("Authorization", format!("JWT {token}"));
        }
        let reply = request.send().await.expect("a reply");
        let mut reply: Value = reply.json().await.expect("a reply in JSON");
        assert!(reply.get("errors").is_none(), "{body}: {reply}");
        reply["data"].take()
    }
}
