//! The server of a test: on a free port, with its own data folder, a manual clock and cheap password hashes. A test
//! fails if mail is undelivered at its end: it reads its mail, or calls `ignore_mail`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mail_parser::MessageParser;
use pledge4future_auth::accounts::Filter;
use pledge4future_auth::app::App;
use pledge4future_auth::clock::{Clock, Timestamp};
use pledge4future_auth::random::Random;
use pledge4future_auth::store;
use pledge4future_auth::transfer::{file, import};
use pledge4future_auth::{config, http, outbox};
use regex::Regex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::database::{Database, SECRET_KEY, on_a_thread};
use super::mutation::Mutation;
use super::program::Site;

/// 2026-03-01T12:00:00Z.
const START: Timestamp = Timestamp::from_seconds(1_772_366_400);

const CHEAP: &str = "passwords.memory = \"64 KiB\"\npasswords.iterations = 1\n";

/// A running server.
pub struct TestServer {
    app: Arc<App>,
    address: SocketAddr,
    folder: TempDir,
    database: Database,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

/// A delivered mail.
#[derive(Debug)]
pub struct Mail {
    /// Lower case.
    pub to: Vec<String>,
    pub from: String,
    pub subject: String,
    /// All text parts, joined.
    pub text: String,
    /// The part in plain text.
    pub plain: String,
    pub html: String,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl TestServer {
    /// Starts a server with these settings added to those of tests. Mails are written to files.
    pub async fn start(toml: &str) -> Self {
        Self::start_on(toml, |_| {}).await
    }

    /// Starts a server on a data folder that `prepare` fills.
    pub async fn start_on(toml: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder in a temporary folder");
        prepare(&data);
        // A key may not be repeated in TOML.
        let database = Database::new(data.join("auth.sqlite3"));
        let shared = database.url().map_or_else(String::new, |url| {
            let key = if toml.contains("secret_key") {
                String::new()
            } else {
                format!("secret_key = {SECRET_KEY:?}\n")
            };
            format!("{key}database.url = {url:?}\n")
        });
        let cheap = if toml.contains("passwords.memory") { "" } else { CHEAP };
        let transport = if toml.contains("[mail]") { "" } else { "mail.transport = \"file\"\n" };
        let text = format!("listen = \"127.0.0.1:0\"\ndata_dir = {data:?}\n{shared}{cheap}{transport}{toml}");
        let config = config::load_text(&text).expect("a valid configuration").config;
        let app = on_a_thread(|| {
            let app = App::open(config, Clock::manual(START), Random::seeded(7)).expect("a data folder");
            app.store.migrate().expect("a database");
            Arc::new(app)
        });
        let bound = http::bind(Arc::clone(&app)).expect("a free port");
        let address = bound.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = bound.serve(async move {
            let _ = stopped.await;
        });
        tokio::spawn(serving);
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { app, address, folder, database, client, _stop: stop }
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A folder from which an operator runs commands on the data of this server.
    pub fn operator(&self) -> Site {
        Site::on_database(&format!("data_dir = {:?}\n", self.data()), self.database().url())
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Calls a rule on a thread that may block.
    pub fn run<T: Send>(&self, rule: impl FnOnce(&App) -> T + Send) -> T {
        on_a_thread(|| rule(&self.app))
    }

    pub fn now_seconds(&self) -> i64 {
        self.app.clock.now().seconds()
    }

    pub fn advance(&self, by: Duration) {
        self.app.clock.advance(by);
    }

    pub fn set_back(&self, by: Duration) {
        let Clock::Manual(micros) = &self.app.clock else { panic!("not a manual clock") };
        let by = i64::try_from(by.as_micros()).expect("a short time");
        micros.fetch_sub(by, std::sync::atomic::Ordering::SeqCst);
    }

    /// Imports a file in the import format.
    pub fn import(&self, json: &str) {
        let Ok(file) = file::parse(json) else { panic!("the file cannot be imported") };
        let imported = self.run(|app| import::import(app, &file, false, &|_| {}));
        assert!(imported.is_ok(), "the file was not imported");
    }

    /// Delivers what is due. Returns all mails so far, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.run(|app| outbox::deliver_until(app, || false)).expect("mail is delivered");
        mails_in(&self.app.config.mail_directory())
    }

    /// Delivers mail that the test does not read.
    pub fn ignore_mail(&self) {
        self.mails();
    }

    /// Returns all mails to an address so far, in order.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.to.contains(&address.to_lowercase())).collect()
    }

    /// Returns every row of every table as text that begins with the name of the table.
    pub fn rows(&self) -> Vec<String> {
        self.database.rows()
    }

    /// Returns the rows of one table.
    pub fn rows_of(&self, table: &str) -> Vec<String> {
        let prefix = format!("{table}: ");
        self.rows().into_iter().filter(|row| row.starts_with(&prefix)).collect()
    }

    pub fn count_accounts(&self) -> i64 {
        self.run(|app| app.store.read(|db| store::accounts::count_up_to(db, &Filter::default(), i64::MAX)))
            .expect("a count")
    }

    /// Sends a GraphQL document.
    pub async fn send(&self, token: Option<&str>, document: &str, variables: Value) -> Reply {
        let mut request = self.graphql(&json!({ "query": document, "variables": variables }));
        if let Some(token) = token {
            request = request.header("Authorization", format!("JWT {token}"));
        }
        let reply = request.send().await.expect("a reply");
        let status = reply.status().as_u16();
        Reply { status, body: reply.json().await.expect("a reply in JSON") }
    }

    /// Sends a document without variables, which must succeed. Returns its data.
    pub async fn query(&self, token: Option<&str>, document: &str) -> Value {
        self.query_with(token, document, json!({})).await
    }

    /// Sends a document, which must succeed. Returns its data.
    pub async fn query_with(&self, token: Option<&str>, document: &str, variables: Value) -> Value {
        let mut reply = self.send(token, document, variables).await;
        assert_eq!(reply.status, 200, "{document}: {}", reply.body);
        assert!(reply.body.get("errors").is_none(), "{document}: {}", reply.body);
        reply.body["data"].take()
    }

    /// Sends a mutation, which must return a payload.
    pub async fn mutate(&self, token: Option<&str>, mutation: &Mutation) -> Value {
        self.query_with(token, &mutation.document(), mutation.variables()).await["payload"].take()
    }

    /// Prepares a GraphQL request with this body.
    pub fn graphql(&self, body: &Value) -> reqwest::RequestBuilder {
        self.raw(reqwest::Method::POST, "/graphql").json(body)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Prepares any request.
    pub fn raw(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }
}

/// Sends a request with the body of a mutation. Returns its payload.
pub async fn payload_of(request: reqwest::RequestBuilder) -> Value {
    let reply = request.send().await.expect("a reply");
    let mut body: Value = reply.json().await.expect("a reply in JSON");
    body["data"]["payload"].take()
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let waiting = self.run(|app| app.store.read(store::outbox::count_waiting)).unwrap_or_default();
        let was_read = waiting == 0 || std::thread::panicking();
        assert!(was_read, "the test did not read {waiting} mail(s); it may call ignore_mail()");
    }
}

/// Returns the mails in a folder, in order.
pub fn mails_in(folder: &Path) -> Vec<Mail> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder of mails")
        .map(|entry| entry.expect("a mail").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    files.sort();
    files.iter().map(|path| parse(&std::fs::read(path).expect("a mail"))).collect()
}

/// Returns the token in the last mail to an address.
pub fn last_token(mails: &[Mail], address: &str) -> String {
    let mut received = mails.iter().filter(|mail| mail.to.contains(&address.to_lowercase()));
    let text = &received.next_back().unwrap_or_else(|| panic!("no mail to {address}")).text;
    let token = Regex::new("eyJ[A-Za-z0-9_-]+:[0-9A-Za-z]+:[A-Za-z0-9_-]+").expect("a pattern");
    token.find(text).unwrap_or_else(|| panic!("no token in {text}")).as_str().to_owned()
}

fn parse(raw: &[u8]) -> Mail {
    let message = MessageParser::default().parse(raw).expect("a mail");
    let addresses = |list: Option<&mail_parser::Address<'_>>| -> Vec<String> {
        let addresses = list.into_iter().flat_map(|list| list.iter());
        addresses.filter_map(|address| address.address.as_deref().map(str::to_owned)).collect()
    };
    let text: Vec<_> = (0..message.text_body_count()).filter_map(|part| message.body_text(part)).collect();
    let html: Vec<_> = (0..message.html_body_count()).filter_map(|part| message.body_html(part)).collect();
    Mail {
        to: addresses(message.to()).iter().map(|address| address.to_lowercase()).collect(),
        from: addresses(message.from()).pop().unwrap_or_default(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: [&text[..], &html].concat().join("\n"),
        plain: text.join("\n"),
        html: html.join("\n"),
    }
}
