//! The pages for people, as a browser without JavaScript requests them.

mod admin;
mod appearance;
mod browser;
mod browser_life;
mod browser_passkeys;
mod browser_roles;
mod browser_second_factor;
mod cookies;
mod forged_forms;
mod life;
mod links;
mod looks;
mod second_factor;

use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};

use crate::support::program::Site;
use crate::support::server::TestServer;

struct Page {
    status: u16,
    location: String,
    text: String,
}

impl Page {
    fn says(&self, part: &str) -> bool {
        self.text.contains(part)
    }
}

impl TestServer {
    /// Opens a page. Asserts that it has strict headers and contains no secret.
    async fn open(&self, path: &str) -> Page {
        self.page(self.raw(Method::GET, path), path).await
    }

    /// Submits a form.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.raw(Method::POST, path).header("Sec-Fetch-Site", "same-origin");
        self.page(request.header("Content-Type", "application/x-www-form-urlencoded").body(form), path).await
    }

    async fn page(&self, request: reqwest::RequestBuilder, path: &str) -> Page {
        let reply = request.header(ACCEPT, "text/html").send().await.expect("a page");
        let header =
            |name| reply.headers().get(name).map(|value| value.to_str().expect("a string").to_owned());
        assert_eq!(header(REFERRER_POLICY).as_deref(), Some("no-referrer"), "{path}");
        assert_eq!(header(CACHE_CONTROL).as_deref(), Some("no-store"), "{path}");
        let (status, location) = (reply.status().as_u16(), header(LOCATION).unwrap_or_default());
        if status != 303 {
            let policy = header(CONTENT_SECURITY_POLICY).expect("a policy");
            assert!(policy.starts_with("default-src 'none'; style-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
        }
        let text = reply.text().await.expect("a page in UTF-8");
        let token = path.rsplit('/').next().unwrap_or_default();
        assert!(token.len() < 20 || !text.contains(token) && !location.contains(token), "{path}: {text}");
        assert!(!text.contains("<script") && text.len() < 30_000, "{path}");
        Page { status, location, text }
    }
}

#[tokio::test]
async fn mails_can_be_requested_on_pages() {
    let server = TestServer::start("").await;
    let (eve, ada) = (server.register("eve").await, server.register_verified("ada").await);
    let asked = server.submit("/activate", &[("email", &eve)]).await;
    assert_eq!((asked.status, asked.location.as_str()), (303, "/done/activation-mail"));
    assert_eq!(server.mails_to(&eve).len(), 2);
    let asked = server.submit("/password-reset", &[("email", &ada)]).await;
    assert_eq!(asked.location, "/done/password-mail");
    assert_eq!(server.mails_to(&ada).len(), 2);
    assert_eq!(server.submit("/password-reset", &[("email", "ghost@example.org")]).await.status, 303);
    assert!(server.open("/done/password-mail").await.says("If this address has an account"));

    for (path, email, sentence) in [
        ("/activate", ada.as_str(), "Account already verified."),
        ("/activate", "\"><b>nonsense", "Enter a valid email address."),
        ("/password-reset", "", "This field is required."),
        ("/password-reset", eve.as_str(), "Verify your account. A new verification email was sent."),
    ] {
        let refused = server.submit(path, &[("email", email)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.says(sentence) && !refused.says("<b>"), "{}", refused.text);
    }
    assert_eq!(server.mails_to(&eve).len(), 3, "a reset was mailed to an unverified account");
}

#[tokio::test]
async fn cross_site_forms_are_refused() {
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    let path = format!("/activate/{}", server.mailed_token(&email));
    let before = server.rows();
    for (header, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://elsewhere.example"),
        ("Origin", "nonsense"),
    ] {
        for path in [path.as_str(), "/activate"] {
            let request =
                server.raw(Method::POST, path).header(header, value).body("email=ada%40example.org");
            let page = server.page(request, path).await;
            assert_eq!(page.status, 403);
            assert!(page.says("The form came from another site"), "{}", page.text);
        }
    }
    assert_eq!(server.rows(), before);
    let own =
        server.raw(Method::POST, &path).header("Sec-Fetch-Site", "same-origin").header("Origin", "null");
    assert_eq!(server.page(own, &path).await.status, 303);
    // HTTP/2 has the host in `:authority`.
    let client =
        reqwest::Client::builder().http2_prior_knowledge().redirect(reqwest::redirect::Policy::none());
    let request = client.build().expect("a client").post(server.url("/password-reset"));
    let reply = request.header("Origin", server.url("")).body("email=ada%40example.org").send().await;
    assert_eq!(reply.expect("a reply").status(), 303);
    server.ignore_mail();
}

#[tokio::test]
async fn invalid_requests_get_an_error_page() {
    let server = TestServer::start("").await;
    let before = server.rows();
    let long = "x".repeat(70_000);
    let page = server.submit("/password-reset/x", &[("new_password1", &long)]).await;
    assert_eq!(page.status, 413);
    let page = server
        .page(server.raw(Method::POST, "/activate").body(vec![0xff, 0x00, 0x26, 0x3d]), "/activate")
        .await;
    assert_eq!(page.status, 422);
    for path in ["/", "/done/activation", "/activate"] {
        assert_eq!(server.page(server.raw(Method::DELETE, path), path).await.status, 405, "{path}");
    }
    let page = server.open("/working-group-details").await;
    assert_eq!((page.status, page.location.as_str()), (303, "/account/group"));
    for path in ["/nowhere", "/activate/a/b", "/done/nothing"] {
        let page = server.open(path).await;
        assert!(page.status == 404 && page.says("<h1>There is nothing here</h1>"), "{path}");
        let answer = server.raw(Method::GET, path).send().await.expect("a reply");
        assert_eq!(answer.headers()["content-type"], "application/json", "a program gets a page");
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn the_log_contains_no_token_of_a_link() {
    let site = Site::with_settings("[mail]\ntransport = \"file\"\n[log]\nlevel = \"info\"\n");
    let server = site.serve();
    let address = server.endpoint().replace("/graphql", "");
    let secret = "eyJzZWNyZXQiOiJ0b2tlbiJ9:1xV9K9:ZTC4ujW9-secret";
    for path in ["activate", "password-reset"] {
        let url = format!("{address}/{path}/{secret}");
        let client = reqwest::Client::new();
        assert_eq!(client.get(&url).send().await.expect("a page").status(), 404);
        assert_eq!(client.post(&url).send().await.expect("a page").status(), 404);
    }
    let outcome = server.terminate();
    assert!(
        !outcome.stderr.contains("eyJzZWNyZXQ") && !outcome.stdout.contains("eyJzZWNyZXQ"),
        "{outcome:?}"
    );
}
