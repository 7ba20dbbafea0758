//! The log of `serve`.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::MAIL_TO_FILES;
use crate::support::person::PASSWORD;
use crate::support::program::{Serving, Site};

/// Makes the program take its standard error for the journal.
const UNDER_JOURNAL: &str = "export JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr)";

impl Serving {
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        reqwest::Client::new().request(method, format!("{}{path}", self.address()))
    }
}

async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("a reply")
}

/// Returns the requests in a JSON log.
fn requests(log: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["message"] == "request").collect()
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name].as_str().unwrap_or_default()
}

#[tokio::test]
async fn graphql_requests_are_logged_with_fields_outcome_and_codes() {
    let site = Site::with_settings(&format!("{MAIL_TO_FILES}[log]\nformat = \"json\"\n"));
    let server = site.serve();
    server.register("ada").await;
    let ask = async |query: &str, variables: Value| {
        send(server.request("POST", "/graphql").json(&json!({ "query": query, "variables": variables })))
            .await
    };
    let login = "mutation ($email: String, $password: String!) { hunter2: tokenAuth(email: $email, password: $password) \
        { token } }";
    ask(login, json!({ "email": "ada@example.org", "password": PASSWORD })).await;
    ask(login, json!({ "email": "ada@example.org", "password": "hunter3" })).await;
    ask("{ hunter4: me { email } users { edges { cursor } } }", Value::Null).await;
    ask("{ workinggroups { id } }", Value::Null).await;
    let reply = ask("{ hunter5 }", Value::Null).await;
    let id = reply.headers()["x-request-id"].to_str().expect("an id").to_owned();
    ask("{ ... @skip(if: true) { hunter6: me { email } } }", Value::Null).await;
    let log = server.terminate().stderr;
    let requests = requests(&log);
    let seen: Vec<_> =
        requests.iter().map(|line| ["fields", "outcome", "codes"].map(|name| text(line, name))).collect();
    assert_eq!(
        seen,
        [
            ["register", "done", ""],
            ["tokenAuth", "refused", "not_verified"],
            ["tokenAuth", "refused", "invalid_credentials"],
            ["me users", "done", ""],
            ["workinggroups", "refused", ""],
            ["", "not executed", ""],
            ["me", "done", ""],
        ]
    );
    for line in &requests {
        assert_eq!((text(line, "method"), text(line, "route")), ("POST", "/graphql"), "{line}");
        let ms = line["ms"].to_string();
        assert!(ms.split_once('.').is_none_or(|(_, decimals)| decimals.len() <= 3), "{ms}");
        assert!(line["ms"].as_f64() > Some(0.0), "{line}");
    }
    let status: Vec<_> = requests.iter().map(|line| &line["status"]).collect();
    assert_eq!(status, [200, 200, 200, 200, 200, 400, 200]);
    assert_eq!(requests[5]["id"], id.as_str());
    for secret in ["hunter", "ada@", PASSWORD] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[tokio::test]
async fn other_requests_are_logged_by_route_only() {
    let site = Site::with_settings(&format!("{MAIL_TO_FILES}[log]\nformat = \"json\"\n"));
    let server = site.serve();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/activate/hunter2?next=hunter2"),
        ("POST", "/password-reset/hunter2"),
        ("GET", "/hunter2"),
        ("GET", "/activate/hunter2/hunter2"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/graphql?query=hunter2"),
        ("HUNTER2", "/graphql"),
    ] {
        send(server.request(method, path).header("Accept", "text/html;q=0.9")).await;
    }
    let form = "application/x-www-form-urlencoded";
    let ask = server.request("POST", "/password-reset").header("Content-Type", form).body("email=hunter2");
    let page = send(ask).await;
    send(server.request("POST", "/graphql").header("Content-Type", form).body("query=hunter2")).await;
    send(server.request("POST", "/graphql").json(&json!({ "query": "hunter2 ".repeat(20_000) }))).await;
    let preflight = server.request("OPTIONS", "/relay").header("Origin", "https://hunter2.example");
    send(preflight.header("Access-Control-Request-Method", "POST")).await;

    let id = page.headers()["x-request-id"].to_str().expect("an id").to_owned();
    let log = server.terminate().stderr;
    let requests = requests(&log);
    let seen: Vec<_> = requests
        .iter()
        .map(|line| (text(line, "method"), text(line, "route"), line["status"].as_u64(), text(line, "codes")))
        .collect();
    let expected = [
        ("GET", "/", 200, ""),
        ("GET", "/activate/:token", 404, ""),
        ("POST", "/password-reset/:token", 404, ""),
        ("GET", "unknown", 404, ""),
        ("GET", "unknown", 404, ""),
        ("GET", "unknown", 404, ""),
        ("GET", "/graphql", 200, ""),
        ("unknown", "/graphql", 405, ""),
        ("POST", "/password-reset", 422, "invalid"),
        ("POST", "/graphql", 415, ""),
        ("POST", "/graphql", 413, ""),
        ("OPTIONS", "/relay", 403, ""),
    ];
    assert_eq!(seen, expected.map(|(method, route, status, codes)| (method, route, Some(status), codes)));
    assert_eq!(requests[8]["id"], id.as_str());
    assert!(!log.to_lowercase().contains("hunter"), "{log}");
}

#[tokio::test]
async fn a_form_with_two_equal_errors_logs_the_code_once() {
    let site = Site::with_settings("[log]\nformat = \"json\"\n");
    let server = site.serve();
    server.register("ada").await;
    let mail = server.mail();
    let (_, token) = mail.split_once("/activate/").expect("a link");
    let token = token.lines().next().expect("a token");
    send(server.request("POST", &format!("/activate/{token}"))).await;
    let form = "application/x-www-form-urlencoded";
    let ask = server.request("POST", "/password-reset").header("Content-Type", form);
    send(ask.body("email=ada%40example.org")).await;
    let mail = server.mail();
    let (_, token) = mail.split_once("/password-reset/").expect("a link");
    let token = token.lines().next().expect("a token");
    let reply = send(server.request("POST", &format!("/password-reset/{token}"))).await;
    assert_eq!(reply.status(), 422);
    let log = server.terminate().stderr;
    assert_eq!(text(requests(&log).last().expect("a request"), "codes"), "required");
}

#[tokio::test]
async fn a_site_without_pages_logs_unknown_paths_too() {
    let site = Site::with_settings(&format!("pages.enabled = false\n{MAIL_TO_FILES}"));
    let server = site.serve();
    for path in ["/activate/hunter2", "/"] {
        assert_eq!(send(server.request("GET", path)).await.status(), 404);
    }
    let log = server.terminate().stderr;
    for route in ["unknown", "/"] {
        assert!(log.contains(&format!("method=\"GET\" route=\"{route}\" status=404 ms=")), "{log}");
    }
    assert!(!log.contains("hunter"), "{log}");
}

#[tokio::test]
async fn the_log_names_the_number_of_operators() {
    let site = Site::with_settings(&format!("pages.admin = true\n{MAIL_TO_FILES}"));
    for (email, staff) in [("ada@example.org", true), ("bo@example.org", true), ("cleo@example.org", false)] {
        let create = ["user", "create", "--email", email, "--verified"];
        site.run(create.into_iter().chain(staff.then_some("--staff")).collect::<Vec<_>>()).done();
    }
    let server = site.serve();
    let line = server.wait_for("pages.admin");
    assert!(line.ends_with("pages.admin is on: 2 accounts are staff and may use /admin"), "{line}");
    server.terminate();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn journal_lines_begin_with_a_level_and_have_no_time() {
    let settings = format!("limits.enabled = false\nlog.level = \"debug\"\n{MAIL_TO_FILES}");
    let site = Site::with_settings(&settings);
    let server = site.serve_after(UNDER_JOURNAL);
    assert!(server.greeting().starts_with("<6> INFO listening on http"), "{}", server.greeting());
    assert!(server.wait_for("limits.enabled").starts_with("<4> WARN limits.enabled is off"));
    send(server.request("GET", "/healthz")).await;
    assert!(server.wait_for("/healthz").starts_with("<7>DEBUG request id="));
    site.write("config.toml", "nonsense = 1\n");
    assert!(server.reload().starts_with("<3>ERROR the settings were not reloaded"));
    let log = server.terminate().stderr;
    assert!(log.contains("<6> INFO stopping"), "{log}");
    assert!(log.lines().all(|line| line.starts_with('<')), "{log}");
    let end = site.run_after(UNDER_JOURNAL, "serve");
    assert!(end.stderr.starts_with("<3>pledge4future-auth: there is no setting \"nonsense\""), "{end:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_json_log_stays_json_in_the_journal() {
    let site = Site::with_settings("log.format = \"json\"\n");
    let server = site.serve_after(UNDER_JOURNAL);
    let line = server.greeting().strip_prefix("<6>").expect("a level");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["level"], &line["timestamp"]), (&json!("INFO"), &Value::Null));
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_outside_the_journal_keeps_its_times() {
    let site = Site::with_settings("");
    // A service that redirects its log to a file still inherits the variable.
    let server = site.serve_after("export JOURNAL_STREAM=$(stat -L -c %d:%i .)");
    let time = regex::Regex::new(r"^\d{4}-\d\d-\d\dT[\d:.]+Z  INFO listening on").expect("a pattern");
    assert!(time.is_match(server.greeting()), "{}", server.greeting());
}

#[test]
fn each_line_of_an_error_is_marked_for_the_journal() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.write(
        "file.json",
        json!({ "users": [{ "email": "bo" }, { "emial": "ada@example.org" }] }).to_string(),
    );
    let outcome = site.run_after(UNDER_JOURNAL, "import file.json");
    assert_eq!(outcome.status, Some(1), "{outcome:?}");
    assert!(outcome.stderr.lines().count() > 2, "{outcome:?}");
    assert!(outcome.stderr.lines().all(|line| line.starts_with("<3>")), "{outcome:?}");
}
