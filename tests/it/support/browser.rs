//! Headless Chromium, driven by WebDriver, without access to other hosts.
//!
//! Tests are skipped if there is no chromedriver. `.ci/run` installs it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wait::Wait;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Keys, as WebDriver names them.
pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
/// Ctrl+A.
pub const SELECT_ALL: &str = "\u{e009}a\u{e000}";

/// How long to wait for something to appear. A machine that runs all tests is busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often to look.
const PERIOD: Duration = Duration::from_millis(50);

/// A browser with one window.
pub struct Browser {
    pub client: Client,
    driver: Child,
    /// The address of the session at the driver.
    session: String,
    /// The address of the server for this browser, if it has a host name.
    base: Option<String>,
    /// The profile of the browser.
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver may have ended already. It ends the browser only with the session.
        let _ = ureq::delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Starts chromedriver. Returns the process and its port. It ends if another process takes the chosen port.
fn driver() -> Option<(Child, String)> {
    let port = regex::Regex::new(r"started successfully on port (\d+)").expect("a pattern");
    for _ in 0..10 {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let Ok(mut driver) = started else {
            eprintln!(
                "skipped: there is no chromedriver; `apt-get install chromium chromium-driver` brings it"
            );
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let found = lines.find_map(|line| port.captures(&line).map(|found| found[1].to_owned()));
        if let Some(port) = found {
            // The driver blocks if its output is not read.
            std::thread::spawn(move || lines.for_each(drop));
            return Some((driver, port));
        }
        driver.wait().expect("it has ended");
    }
    panic!("chromedriver finds no port");
}

impl Browser {
    /// Starts a browser, if this machine has one.
    pub async fn start() -> Option<Self> {
        Self::start_with(true, None).await
    }

    /// Starts a browser in which the default `public_url` is this server, if this machine has one. Passkeys need a host name.
    pub async fn start_on_localhost(server: &TestServer) -> Option<Self> {
        Self::start_with(true, Some(server)).await
    }

    /// Starts a browser that runs no scripts of pages, if this machine has one.
    pub async fn start_without_scripts() -> Option<Self> {
        Self::start_with(false, None).await
    }

    async fn start_with(scripts: bool, localhost: Option<&TestServer>) -> Option<Self> {
        let (driver, port) = driver()?;
        let map =
            localhost.map_or_else(String::new, |server| format!("MAP localhost {} , ", server.address()));
        let profile = tempfile::tempdir().expect("a folder");
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--window-size=1200,900",
                format!("--host-resolver-rules={map}MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
                format!("--user-data-dir={}", profile.path().display()),
            ], "prefs": {
                // 1 permits, 2 forbids.
                "profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 },
            } },
        });
        let capabilities = capabilities.as_object().expect("an object").clone();
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        let id = client.session_id().await.expect("an id").expect("a session");
        let session = format!("http://127.0.0.1:{port}/session/{id}");
        let base = localhost.map(|_| "http://localhost:8000".to_owned());
        Some(Self { client, driver, session, base, _profile: profile })
    }

    pub async fn open(&self, server: &TestServer, path: &str) {
        self.client.goto(&self.url(server, path)).await.expect("a page");
    }

    fn url(&self, server: &TestServer, path: &str) -> String {
        self.base.as_ref().map_or_else(|| server.url(path), |base| format!("{base}{path}"))
    }

    /// Waits until the window is at an address.
    pub async fn wait_for_url(&self, server: &TestServer, path: &str) {
        let address = url::Url::parse(&self.url(server, path)).expect("an address");
        self.wait().for_url(&address).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Waits for an element. Returns its text.
    pub async fn wait_for(&self, selector: &str) -> String {
        self.with_element(Locator::Css(selector), async |element| element.text().await).await
    }

    pub async fn click(&self, selector: &str) {
        self.with_element(Locator::Css(selector), async |element| element.click().await).await;
    }

    pub async fn type_text(&self, selector: &str, text: &str) {
        self.with_element(Locator::Css(selector), async |element| element.send_keys(text).await).await;
    }

    /// Waits for an element and uses it. Repeats both while scripts or a new page replace the element in between.
    async fn with_element<T>(
        &self,
        locator: Locator<'_>,
        action: impl AsyncFn(&Element) -> Result<T, CmdError>,
    ) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.wait().for_element(locator).await;
            let found = found.unwrap_or_else(|error| panic!("{locator:?}: {error}"));
            match action(&found).await {
                Ok(result) => return result,
                Err(error)
                    if (error.is_stale_element_reference() || error.is_no_such_element())
                        && Instant::now() < end =>
                {
                    tokio::time::sleep(PERIOD).await;
                }
                Err(error) => panic!("{locator:?}: {error}"),
            }
        }
    }

    fn wait(&self) -> Wait<'_> {
        self.client.wait().at_most(PATIENCE).every(PERIOD)
    }

    /// Presses a key, such as [`TAB`], in the element with the focus.
    pub async fn press(&self, key: &str) {
        let element = self.client.active_element().await.expect("an element");
        element.send_keys(key).await.unwrap_or_else(|error| panic!("{key:?}: {error}"));
    }

    /// Presses the Tab key until an element has the focus. Asserts that the focus is visible.
    pub async fn tab_to(&self, selector: &str) {
        let selected = serde_json::to_string(selector).expect("a string");
        let script = format!(
            "const it = document.activeElement; \
             return [it.matches({selected}), it === document.body || getComputedStyle(it).outlineStyle]"
        );
        for _ in 0..60 {
            self.press(TAB).await;
            let reply = self.run_script(&script).await;
            assert_ne!(reply[1], "none", "the focus is invisible on the way to {selector}");
            if reply[0] == true {
                return;
            }
        }
        panic!("the Tab key does not lead to {selector}");
    }

    /// Runs a script in the page. Returns its result.
    pub async fn run_script(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script:.80}: {error}"))
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &'static str, parameters: Value) {
        let sent = self.client.issue_cmd(DevTools { command, parameters }).await;
        sent.unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    /// Sets the size of the page.
    pub async fn resize(&self, (width, height): (u32, u32)) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Waits until the page says that a form was accepted.
    pub async fn wait_for_status(&self, text: &str) {
        let text = serde_json::to_string(text).expect("a string");
        let path = format!("//*[@role='status'][normalize-space()={text}]");
        let found = self.wait().for_element(Locator::XPath(&path)).await;
        found.unwrap_or_else(|error| panic!("{text}: {error}"));
    }

    /// Sets the language and the colours that pages are requested in.
    pub async fn prefer(&self, language: &str, is_dark: bool) {
        self.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Accept-Language": language } });
        self.devtools("Network.setExtraHTTPHeaders", headers).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Fills in fields of the form that has a button, and presses the button, which is found by its text or label.
    pub async fn submit(&self, button: &str, fields: &[(&str, &str)]) {
        let path = format!(
            "//main//button[normalize-space()={0} or @aria-label={0}]",
            serde_json::to_string(button).expect("a string")
        );
        self.with_element(Locator::XPath(&path), async |found| {
            for (name, value) in fields {
                let field = format!("{path}/ancestor::form//input[@name='{name}'][not(@type='hidden')]");
                let field = self.client.find(Locator::XPath(&field)).await?;
                field.clear().await?;
                field.send_keys(value).await?;
            }
            found.click().await
        })
        .await;
    }

    /// Stores a picture of the whole page in the folder that the environment variable `SCREENSHOTS` names, if it is set.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS") else { return };
        let parameters = json!({ "format": "png", "captureBeyondViewport": true });
        let command = DevTools { command: "Page.captureScreenshot", parameters };
        let picture = self.client.issue_cmd(command).await.expect("a picture");
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().expect("a string")).expect("base64");
        let file = std::path::Path::new(&folder).join(format!("{name}.png"));
        std::fs::write(file, picture).expect("the folder SCREENSHOTS can be written");
    }

    /// Waits until a condition holds in the page.
    pub async fn wait_until(&self, condition: &str) {
        let script = format!("return Boolean({condition})");
        let mut tries = 0;
        while self.run_script(&script).await != json!(true) {
            tries += 1;
            assert!(tries < 2000, "never: {condition}");
        }
    }

    /// Returns new errors and warnings of the console, without those about replies of status 4xx.
    pub async fn console_errors(&self) -> Vec<String> {
        let log = self.client.issue_cmd(BrowserLog).await.expect("a log");
        let entries = log.as_array().expect("entries").iter();
        let messages = entries
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned());
        messages.filter(|message| !message.contains("the server responded with a status of 4")).collect()
    }
}

/// `POST /session/{id}/se/log`, an addition of chromedriver to WebDriver.
#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// `POST /session/{id}/goog/cdp/execute`, another addition of chromedriver.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}
