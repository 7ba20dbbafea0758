//! A server without sockets for its requests, with a fixed clock and fixed random numbers.

use std::sync::Arc;

use pledge4future_auth::app::App;
use pledge4future_auth::clock::{Clock, Timestamp};
use pledge4future_auth::http::Service;
use pledge4future_auth::random::Random;
use pledge4future_auth::transfer::{file, import};
use pledge4future_auth::{config, http};
use poem::http::{Method, StatusCode, Uri};
use poem::{Body, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub const ME: &str = "{ me { id email username firstName lastName } }";
const USERS: &str = "{ users(first: 50) { edges { node { id email username firstName lastName } } } }";
const VERIFY: &str =
    "mutation($token: String!) { payload: verifyToken(token: $token) { success errors payload } }";
const REFRESH: &str = "mutation($token: String!) { payload: refreshToken(refreshToken: $token) \
                       { success errors token refreshToken } }";
const LOG_IN: &str = "mutation($email: String!, $password: String!) \
                      { payload: tokenAuth(email: $email, password: $password) { success errors token refreshToken } }";
const PASSWORD: &str = "correct-horse-battery";

pub struct InProcess {
    runtime: Runtime,
    service: Service,
    access: String,
    refresh: String,
    _folder: TempDir,
}

impl InProcess {
    /// Starts a server with so many accounts, and logs in to the first.
    pub fn start(accounts: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings = format!(
            "data_dir = {:?}\nlisten = \"127.0.0.1:0\"\npasswords.memory = \"8 KiB\"\npasswords.iterations = 1\n\
             mail.transport = \"file\"\nlimits.enabled = false\n",
            folder.path()
        );
        let config = config::load_text(&settings).expect("good settings").config;
        let now = Timestamp::from_seconds(1_772_366_400);
        let app = App::open(config, Clock::manual(now), Random::seeded(7)).expect("a data folder");
        app.store.migrate().expect("a database");
        import_accounts(&app, accounts);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let service = {
            let _inside = runtime.enter();
            http::bind(Arc::new(app)).expect("a free port").service()
        };
        let mut server =
            Self { runtime, service, access: String::new(), refresh: String::new(), _folder: folder };
        let tokens =
            server.send(false, LOG_IN, json!({ "email": "user0@example.org", "password": PASSWORD }));
        server.keep_tokens(&tokens);
        server
    }

    pub fn me(&mut self) {
        let reply = self.send(true, ME, json!({}));
        assert!(reply.contains("user0@example.org"), "{reply}");
    }

    /// Parses and validates `me`, but does not execute it.
    pub fn skipped_me(&mut self) {
        let document =
            "query($skip: Boolean!) { me @skip(if: $skip) { id email username firstName lastName } }";
        let reply = self.send(true, document, json!({ "skip": true }));
        assert_eq!(reply, r#"{"data":{}}"#);
    }

    pub fn users(&mut self) {
        let reply = self.send(true, USERS, json!({}));
        assert!(reply.contains("user49@example.org"), "{reply}");
    }

    pub fn verify_token(&mut self) {
        let reply = self.send(false, VERIFY, json!({ "token": self.access }));
        assert!(reply.contains(r#""success":true"#), "{reply}");
    }

    pub fn refresh_token(&mut self) {
        let reply = self.send(false, REFRESH, json!({ "token": self.refresh }));
        self.keep_tokens(&reply);
    }

    fn keep_tokens(&mut self, reply: &str) {
        let reply: Value = serde_json::from_str(reply).expect("a reply in JSON");
        let token = |name: &str| match reply["data"]["payload"][name].as_str() {
            Some(token) => token.to_owned(),
            None => panic!("no {name} in {reply}"),
        };
        (self.access, self.refresh) = (token("token"), token("refreshToken"));
    }

    fn send(&self, with_token: bool, document: &str, variables: Value) -> String {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(Uri::from_static("/graphql"))
            .content_type("application/json");
        if with_token {
            request = request.header("Authorization", format!("JWT {}", self.access));
        }
        self.runtime.block_on(async {
            let response = self.service.respond(request.body(Body::from(body))).await;
            let status = response.status();
            let reply = response.into_body().into_string().await.expect("a body in UTF-8");
            assert_eq!(status, StatusCode::OK, "{reply}");
            reply
        })
    }
}

fn import_accounts(app: &App, number: usize) {
    let hash = app.hasher.hash(PASSWORD).expect("a hash");
    let users: Vec<Value> = (0..number)
        .map(|n| {
            json!({
                "email": format!("user{n}@example.org"), "username": format!("user{n}"), "password": hash,
                "first_name": "Ada", "last_name": "Lovelace", "status": { "verified": true },
            })
        })
        .collect();
    let Ok(file) = file::parse(&json!({ "users": users }).to_string()) else {
        panic!("the accounts cannot be parsed")
    };
    assert!(import::import(app, &file, false, &|_| {}).is_ok(), "the accounts cannot be imported");
}
