//! GraphiQL, offline: every other host is unreachable.

use serde_json::{Value, json};

use super::Browser;
use crate::person::PASSWORD;
use crate::server::TestServer;

/// Whether the bundle is in the program, or the small page that takes its place where there is no Node.
async fn is_bundled(server: &TestServer) -> bool {
    let request = server.raw(reqwest::Method::GET, "/graphql").header("Accept", "text/html");
    let page = request.send().await.expect("a page").text().await.expect("a page");
    assert!(page.contains("GraphiQL") && !page.contains("<script>"), "{page}");
    !page.contains("plain.js")
}

impl Browser {
    async fn logs_in(&self, email: &str, password: &str) {
        self.types("#login-email", email).await;
        self.types("#login-password", password).await;
        self.clicks("#login-submit").await;
    }

    /// Logs out, which ends the session on the server as well.
    async fn logs_out(&self, server: &TestServer) {
        let token = self.runs("return document.querySelector('#login-token').value").await;
        let me = || server.ask(token.as_str(), "{ me { email } }");
        assert!(me().await["me"].is_object());
        self.clicks("#login-logout").await;
        self.waits_for("#login-submit").await;
        let mut tries = 0;
        while me().await["me"].is_object() {
            tries += 1;
            assert!(tries < 2000, "the session goes on");
        }
    }

    /// Waits until a text occurs where results are shown, whatever the white space.
    async fn waits_for_result(&self, selector: &str, part: &str) {
        let script = format!(
            "return (document.querySelector({selector:?})?.textContent ?? '').replace(/\\s/g, '').includes({part:?})"
        );
        let mut tries = 0;
        while self.runs(&script).await != json!(true) {
            tries += 1;
            assert!(tries < 2000, "no {part} in {selector}");
        }
    }

    /// Opens the tab of an example.
    async fn takes(&self, example: &str) {
        let script = format!(
            "const tabs = [...document.querySelectorAll('button.graphiql-tab-button')]; \
             tabs.find(tab => tab.textContent === {example:?}).click(); return tabs.length"
        );
        assert!(self.runs(&script).await.as_i64() > Some(9));
    }

    /// What the browser would keep.
    async fn keeps(&self) -> String {
        self.runs("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }])").await.to_string()
    }
}

#[tokio::test]
async fn the_page_works_without_any_other_host_and_keeps_no_secret() {
    let Some(browser) = Browser::start().await else { return };
    let server = TestServer::start("").await;
    let email = server.verifies("ada").await;
    if !is_bundled(&server).await {
        eprintln!("skipped: GraphiQL is not bundled, since there was no Node when the program was built");
        return;
    }
    browser.opens(&server, "/graphql").await;
    browser.waits_for("button.graphiql-execute-button").await;

    // The documentation.
    browser.clicks("button[aria-label='Show Documentation Explorer']").await;
    let documentation = browser.waits_for(".graphiql-doc-explorer").await;
    assert!(documentation.contains("Query"), "{documentation}");

    // A wrong password is refused in words, the right one is taken.
    browser.clicks("#login-open").await;
    browser.logs_in(&email, "wrong").await;
    assert_eq!(browser.waits_for("#login-error p").await, "Please, enter valid credentials.");
    browser.runs("document.querySelector('#login-email').value = ''; document.querySelector('#login-password').value = ''").await;
    browser.opens(&server, "/graphql").await;
    browser.clicks("#login-open").await;
    browser.logs_in(&email, PASSWORD).await;
    browser.waits_for("#login-logout").await;

    // A query and a mutation with the token.
    browser.takes("Me").await;
    browser.clicks("button.graphiql-execute-button").await;
    browser.waits_for_result(".result-window", &format!("\"email\":\"{email}\"")).await;
    browser.takes("UpdateAccount").await;
    browser.clicks("button.graphiql-execute-button").await;
    browser.waits_for_result(".result-window", "\"success\":true").await;

    // A field is completed.
    browser.takes("Me").await;
    browser.clicks(".graphiql-query-editor .view-line:last-child").await;
    let editor = ".graphiql-query-editor textarea, .graphiql-query-editor .native-edit-context";
    let keys = format!("document.querySelector({editor:?}).focus()");
    browser.runs(&keys).await;
    browser
        .client
        .find(fantoccini::Locator::Css(editor))
        .await
        .expect("an editor")
        .send_keys("\u{e009}a\u{e000}{ user")
        .await
        .expect("keys");
    browser.waits_for(".suggest-widget.visible .monaco-list-row").await;

    browser.takes("Sessions").await;
    browser.clicks("button.graphiql-execute-button").await;
    browser.waits_for_result(".result-window", "\"current\":true").await;
    browser.logs_out(&server).await;

    assert_eq!(browser.complaints().await, [] as [String; 0]);
    let kept = browser.keeps().await;
    assert!(!kept.contains("eyJ") && !kept.contains(PASSWORD) && !kept.contains(&email), "{kept}");
    server.mails();
}

#[tokio::test]
async fn the_page_for_machines_without_node_does_the_same_in_a_small_way() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/graphiql/plain/");
    let page = std::fs::read_to_string(format!("{folder}index.html")).expect("the page");
    let parts = regex::Regex::new("\"\\./([a-z]+\\.(?:js|css))\"").expect("a pattern");
    assert_eq!(parts.captures_iter(&page).count(), 2, "{page}");
    for part in parts.captures_iter(&page) {
        assert!(std::path::Path::new(&format!("{folder}{}", &part[1])).exists(), "{}", &part[1]);
    }
    let Some(browser) = Browser::start().await else { return };
    let server = TestServer::start("").await;
    if is_bundled(&server).await {
        eprintln!("skipped: the bundle is in the program");
        return;
    }
    let email = server.verifies("ada").await;
    browser.opens(&server, "/graphql").await;
    browser.logs_in(&email, PASSWORD).await;
    browser.waits_for("#login-logout").await;
    browser.runs("document.querySelector('#query').value = '{ me { email } }'").await;
    browser.clicks("#run").await;
    browser.waits_for_result("#result", &format!("\"email\":\"{email}\"")).await;
    browser.logs_out(&server).await;
    assert_eq!(browser.complaints().await, [] as [String; 0]);
    server.mails();
}

#[tokio::test]
async fn the_parts_of_the_page_come_compressed_or_plain_and_from_nowhere_else() {
    let server = TestServer::start("").await;
    let fetch = |path: String, coding: &'static str| {
        let request = server
            .raw(reqwest::Method::GET, &path)
            .header("Accept", "text/html")
            .header("Accept-Encoding", coding);
        async move { request.send().await.expect("an answer") }
    };
    let page = fetch("/graphql".to_owned(), "identity").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(
        page.headers()["content-security-policy"].to_str().expect("a text").contains("script-src 'self';")
    );
    let page = page.text().await.expect("a page");
    assert!(!page.contains("//unpkg") && !page.contains("https://cdn"), "{page}");
    let parts = regex::Regex::new("(?:src|href)=\"(/graphiql/[^\"]+)\"").expect("a pattern");
    let parts: Vec<String> = parts.captures_iter(&page).map(|part| part[1].to_owned()).collect();
    assert!(parts.len() >= 2, "{page}");
    for part in parts {
        let plain = fetch(part.clone(), "identity").await;
        assert_eq!((plain.status().as_u16(), plain.headers().get("content-encoding")), (200, None), "{part}");
        let (kind, length) =
            (plain.headers()["content-type"].clone(), plain.bytes().await.expect("a part").len());
        let small = fetch(part.clone(), "br, gzip").await;
        assert_eq!(
            (&small.headers()["content-type"], &small.headers()["content-encoding"]),
            (&kind, &"gzip".parse().expect("a value"))
        );
        let compressed = small.bytes().await.expect("a part").len();
        assert!(compressed <= length + 40, "{part}: {compressed} of {length}");
    }
    for nothing in
        ["/graphiql/nothing.js", "/graphiql/../Cargo.toml", "/graphiql/%2e%2e/secret.key", "/graphiql/"]
    {
        let answer = fetch(nothing.to_owned(), "identity").await;
        assert_eq!(answer.status(), 404, "{nothing}");
    }
    let api = server
        .raw(reqwest::Method::GET, "/graphql")
        .header("Accept", "application/json")
        .send()
        .await
        .expect("an answer");
    assert_eq!(api.status(), 405);
    let answer: Value = api.json().await.expect("JSON");
    assert!(answer["errors"].is_array());
}
