//! Requests to the routes of the GraphQL endpoint, without a socket, on a database with two people.

use std::cell::RefCell;
use std::sync::Arc;

use pledge4future_auth::app::App;
use pledge4future_auth::clock::{Clock, Timestamp};
use pledge4future_auth::config;
use pledge4future_auth::http::{self, Service};
use pledge4future_auth::random::Random;
use pledge4future_auth::transfer::{file, import};
use poem::http::{Method, StatusCode};
use poem::{Body, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A new server replaces the old one after so many requests, so that their data do not slow it down.
const REQUESTS: usize = 2000;

const PASSWORD: &str = "kelp-Forest-41";
/// Words that no reply contains.
const INTERNALS: [&str; 9] = [
    "rusqlite",
    "sqlite",
    "panicked",
    "src/",
    ".rs:",
    "SELECT",
    "async_graphql",
    "Internal server error",
    "/tmp",
];

struct Server {
    runtime: Runtime,
    service: Service,
    token: String,
    left: usize,
    _folder: TempDir,
}

/// Sends a request. Input that begins like JSON is the body, and other input is the document in a body. A leading space
/// sends the token of Ada, and a leading tab sends it to `/relay`.
pub fn graphql(data: &[u8]) {
    thread_local!(static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) });
    SERVER.with_borrow_mut(|server| {
        let served = server.take().filter(|server| server.left > 0);
        server.insert(served.unwrap_or_else(Server::start)).try_out(data);
    });
}

/// Returns a folder in memory if the system has one.
pub(super) fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a temporary folder")
}

impl Server {
    fn start() -> Self {
        let folder = folder();
        let settings = format!(
            "data_dir = {:?}\nlisten = \"127.0.0.1:0\"\npasswords.memory = \"8 KiB\"\npasswords.iterations = 1\n\
             mail.transport = \"file\"\nlimits.enabled = false\n",
            folder.path()
        );
        let config = config::load_text(&settings).expect("good settings").config;
        let now = Timestamp::from_seconds(1_772_366_400);
        let app = App::open(config, Clock::manual(now), Random::seeded(7)).expect("an application");
        app.store.migrate().expect("a database");
        let people = people(&app.hasher.hash(PASSWORD).expect("a hash"));
        let Ok(file) = file::parse(&people) else { panic!("the people cannot be imported") };
        assert!(import::import(&app, &file, false, &|_| {}).is_ok());
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let bound = {
            let _inside = runtime.enter();
            http::bind(Arc::new(app)).expect("a free port")
        };
        let mut server =
            Self { runtime, service: bound.service(), token: String::new(), left: REQUESTS, _folder: folder };
        let login = format!(
            "mutation {{ tokenAuth(email: \"ada@example.org\", password: {PASSWORD:?}) {{ token }} }}"
        );
        let body = json!({ "query": login }).to_string().into_bytes();
        let (_, answer) = server.post("/graphql", false, body);
        let answer: Value = serde_json::from_slice(&answer).expect("an answer in JSON");
        server.token = answer["data"]["tokenAuth"]["token"].as_str().expect("a token").to_owned();
        server
    }

    fn post(&mut self, path: &'static str, as_ada: bool, body: Vec<u8>) -> (StatusCode, Vec<u8>) {
        self.left = self.left.saturating_sub(1);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(poem::http::Uri::from_static(path))
            .content_type("application/json");
        if as_ada {
            request = request.header("Authorization", format!("JWT {}", self.token));
        }
        self.runtime.block_on(async {
            let response = self.service.respond(request.body(Body::from(body))).await;
            let status = response.status();
            let media_type = response.content_type().unwrap_or_default().to_owned();
            assert_eq!(media_type, "application/json");
            (status, response.into_body().into_vec().await.expect("a body"))
        })
    }

    fn try_out(&mut self, data: &[u8]) {
        let blanks = data.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let (blanks, rest) = data.split_at(blanks);
        let body = if rest.starts_with(b"{\"") || rest.starts_with(b"[") {
            rest.to_vec()
        } else {
            json!({ "query": String::from_utf8_lossy(rest) }).to_string().into_bytes()
        };
        let path = if blanks.contains(&b'\t') { "/relay" } else { "/graphql" };
        let (status, answer) = self.post(path, blanks.contains(&b' '), body.clone());
        let text = String::from_utf8(answer).expect("an answer in UTF-8");
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let errors = answer.get("errors").map(|errors| errors.as_array().expect("a list"));
        match status {
            StatusCode::OK => assert!(answer.get("data").is_some_and(Value::is_object), "{text}"),
            StatusCode::BAD_REQUEST => {
                assert!(errors.is_some() && answer.get("data").is_none(), "{text}");
            }
            other => panic!("{other}: {text}"),
        }
        assert!(errors.is_none_or(|errors| !errors.is_empty()), "{text}");
        for message in errors.into_iter().flatten().map(|error| &error["message"]) {
            let message = message.as_str().expect("a sentence");
            assert!(!message.is_empty() && message.lines().count() == 1, "{text}");
            for part in INTERNALS {
                assert!(!message.contains(part) || said(&body).contains(part), "{part} in {text}");
            }
        }
    }
}

/// Returns the strings in a request, which a reply may repeat.
fn said(body: &[u8]) -> String {
    fn collect(value: &Value, said: &mut String) {
        match value {
            Value::String(text) => said.push_str(text),
            Value::Array(values) => values.iter().for_each(|value| collect(value, said)),
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                said.push_str(name);
                collect(value, said);
            }),
            _ => {}
        }
    }
    let mut said = String::new();
    if let Ok(body) = serde_json::from_slice(body) {
        collect(&body, &mut said);
    }
    // Variables may be a string of JSON. Some replies leave out invisible characters.
    said.retain(|character| character != '\\' && !character.is_control());
    said
}

/// Ada, who represents a group, and Bo, who has requested to join it.
fn people(hash: &str) -> String {
    let id = |last: u32| format!("0b6f2a52-52e4-4dbb-9f6f-3f0f6f9f7a{last:02}");
    let user = |name: &str| {
        json!({
            "email": format!("{name}@example.org"), "username": name, "password": hash, "academic_title": "DR",
            "status": { "verified": true, "secondary_email": format!("{name}@example.net") },
        })
    };
    let group = json!({
        "id": id(2), "name": "Ice", "institution": id(1), "researchfield": 1, "n_employees": 7, "is_public": true,
        "representative": "ada@example.org",
        "joinrequests": [{ "id": id(3), "user": "bo@example.org", "status": "pending" }],
    });
    json!({
        "institutions": [{ "id": id(1), "name": "University", "city": "Oslo", "country": "Norway" }],
        "researchfields": [{ "id": 1, "field": "Natural Sciences", "subfield": "Physics" }],
        "users": [user("ada"), user("bo")],
        "workinggroups": [group],
    })
    .to_string()
}
