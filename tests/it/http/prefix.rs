//! `public_url` with a path: a reverse proxy serves other applications at the same host.

use regex::Regex;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use serde_json::json;

use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use crate::support::program::Site;
use crate::support::server::TestServer;

const SETTINGS: &str = "public_url = \"https://example.org/auth/\"\n";

/// What the proxy does with the prefix `/auth`.
#[derive(Debug, Clone, Copy)]
enum Proxy {
    Keeps,
    Removes,
}

/// A server behind a proxy.
struct Proxied {
    server: TestServer,
    proxy: Proxy,
}

struct Page {
    status: u16,
    location: String,
    text: String,
}

impl Proxied {
    async fn start(proxy: Proxy) -> Self {
        Self { server: TestServer::start(SETTINGS).await, proxy }
    }

    /// Sends a request as a browser, for a path of `https://example.org`.
    async fn request(&self, method: Method, path: &str, form: &[(&str, &str)]) -> Page {
        let below = path.strip_prefix("/auth/").unwrap_or_else(|| panic!("{path} is not below /auth"));
        let path = match self.proxy {
            Proxy::Keeps => path.to_owned(),
            Proxy::Removes => format!("/{below}"),
        };
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .server
            .raw(method, &path)
            .header(ACCEPT, "text/html")
            .header("Sec-Fetch-Site", "same-origin");
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        let reply = request.send().await.expect("a reply");
        let location = reply.headers().get(LOCATION).map(|it| it.to_str().expect("a path").to_owned());
        let (status, location) = (reply.status().as_u16(), location.unwrap_or_default());
        Page {
            status,
            location,
            text: String::from_utf8_lossy(&reply.bytes().await.expect("a body")).into_owned(),
        }
    }

    /// Opens a page. Asserts that everything it refers to exists.
    async fn open(&self, path: &str) -> Page {
        let page = self.request(Method::GET, path, &[]).await;
        assert_eq!(page.status, 200, "{path}: {:?}", self.proxy);
        let addresses = Regex::new("(?:href|src|action)=\"([^\"]+)\"").expect("a pattern");
        let addresses = addresses.captures_iter(&page.text).map(|found| found[1].to_owned());
        let elsewhere =
            |address: &str| ["data:", "https://", "#"].iter().any(|start| address.starts_with(start));
        for address in addresses.filter(|address| !elsewhere(address)) {
            let status = self.request(Method::GET, &address, &[]).await.status;
            assert_eq!(status, 200, "{address} on {path}: {:?}", self.proxy);
        }
        page
    }

    /// Submits a form and opens the page that the reply redirects to.
    async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let pressed = self.request(Method::POST, path, form).await;
        assert_eq!(pressed.status, 303, "{path}: {}", pressed.text);
        self.open(&pressed.location).await
    }

    /// Returns the path of the link in the last mail to an address.
    fn mailed_path(&self, email: &str) -> String {
        let mails = self.server.mails_to(email);
        let text = &mails.last().expect("a mail").text;
        let mut links = text.lines().filter_map(|line| line.strip_prefix("https://example.org"));
        links.next().unwrap_or_else(|| panic!("no link in {text}")).to_owned()
    }
}

#[tokio::test]
async fn mailed_links_can_be_completed_below_the_prefix() {
    for proxy in [Proxy::Keeps, Proxy::Removes] {
        let site = Proxied::start(proxy).await;
        let email = site.server.register("ada").await;
        let link = site.mailed_path(&email);
        assert!(site.open(&link).await.text.contains("Activate ada@example.org</button>"));
        assert!(site.submit(&link, &[]).await.text.contains("<h1>Your account is active</h1>"));
        site.server.log_in(&email, PASSWORD).await;

        let front = site.open("/auth/").await;
        assert!(
            front.text.contains("href=\"/auth/password-reset\"") && front.text.contains("example.org</span>")
        );
        assert!(site.open("/auth/password-reset").await.text.contains("action=\"/auth/password-reset\""));
        assert!(
            site.submit("/auth/password-reset", &[("email", &email)]).await.text.contains("Check your inbox")
        );
        let link = site.mailed_path(&email);
        site.open(&link).await;
        let passwords = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
        assert!(site.submit(&link, &passwords).await.text.contains("<h1>Your password is changed</h1>"));
        site.server.log_in(&email, OTHER_PASSWORD).await;
        site.server.ignore_mail();
    }
}

#[tokio::test]
async fn graphql_and_graphiql_are_served_below_the_prefix() {
    for proxy in [Proxy::Keeps, Proxy::Removes] {
        let site = Proxied::start(proxy).await;
        for path in ["/auth/graphql", "/auth/graphql/"] {
            let page = site.open(path).await;
            assert!(page.text.contains("=\"/auth/graphiql/"), "{}", page.text);
            assert!(!page.text.contains("=\"./") && !page.text.contains("=\"/graphiql"), "{}", page.text);
        }
    }
    let server = TestServer::start(SETTINGS).await;
    for path in ["/auth/graphql", "/auth/graphql/", "/auth/relay", "/graphql", "/relay"] {
        let request = server.raw(Method::POST, path).json(&json!({ "query": "{ __typename }" }));
        assert_eq!(request.send().await.expect("a reply").status(), 200, "{path}");
    }
    for path in ["/auth/readyz", "/auth/healthz"] {
        assert_eq!(server.raw(Method::GET, path).send().await.expect("a reply").status(), 200, "{path}");
    }
}

#[tokio::test]
async fn the_prefix_is_removed_once_and_only_as_a_whole() {
    let server = TestServer::start(SETTINGS).await;
    for path in ["/auth", "/auth/", "/auth?from=mail", "/auth/?from=mail", "/"] {
        let page = server.raw(Method::GET, path).header(ACCEPT, "text/html").send().await.expect("a page");
        assert_eq!(page.status(), 200, "{path}");
        assert!(page.text().await.expect("a page").contains("<h1>Accounts</h1>"), "{path}");
    }
    for path in
        ["/auth/auth/graphql", "/authentic/graphql", "/authgraphql", "/auth//graphql", "/AUTH/graphql"]
    {
        let answer = server.raw(Method::GET, path).send().await.expect("a reply");
        assert_eq!(answer.status(), 404, "{path}");
        let text = answer.text().await.expect("JSON");
        assert!(text.contains("GraphQL is at /auth/graphql."), "{text}");
    }
    let plain = TestServer::start("").await;
    let answer = plain.raw(Method::GET, "/auth/graphql").send().await.expect("a reply");
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.expect("JSON").contains("GraphQL is at /graphql."));
}

#[test]
fn the_site_name_is_the_host_and_healthcheck_uses_the_listener() {
    let site = Site::with_settings(SETTINGS);
    assert!(site.run(["check-config"]).done().contains("site_name = \"example.org\" "));
    let server = site.serve();
    server.wait_for("its links start with https://example.org/auth");
    let address = server.address().trim_start_matches("http://").to_owned();
    let asked = site.run_with([("P4F_AUTH_LISTEN", address.as_str())], ["healthcheck"]);
    assert_eq!(asked.done(), "ready\n");
    assert_eq!(server.terminate().status, Some(0));
}
