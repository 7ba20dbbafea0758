//! The pages behind the links in mails, as a browser without script asks for them.

mod browser;

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY};

use crate::support::mutation::{mutation, request_secondary_email};
use crate::support::person::{OTHER_PASSWORD, PASSWORD, assert_done, assert_refused};
use crate::support::program::Site;
use crate::support::server::TestServer;

/// A page that came back.
struct Shown {
    status: u16,
    location: String,
    text: String,
}

impl Shown {
    /// Whether it says something.
    fn says(&self, part: &str) -> bool {
        self.text.contains(part)
    }
}

impl TestServer {
    /// Somebody opens a page, which must be one that holds no secret and lets nothing in.
    async fn open(&self, path: &str) -> Shown {
        self.page(self.raw(Method::GET, path), path).await
    }

    /// Somebody presses the button of a form.
    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.raw(Method::POST, path).header("Sec-Fetch-Site", "same-origin");
        self.page(request.header("Content-Type", "application/x-www-form-urlencoded").body(form), path).await
    }

    async fn page(&self, request: reqwest::RequestBuilder, path: &str) -> Shown {
        let reply = request.header(ACCEPT, "text/html").send().await.expect("a page");
        let header = |name| reply.headers().get(name).map(|value| value.to_str().expect("a text").to_owned());
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
        Shown { status, location, text }
    }
}

/// Somebody who registered and confirmed a secondary address; answers both.
async fn with_secondary(server: &TestServer) -> (String, String) {
    let ada = server.sign_up("ada").await;
    let wish = request_secondary_email("ada@example.net", PASSWORD);
    assert_done(&ada.mutate(server, &wish).await);
    (ada.email, "ada@example.net".to_owned())
}

#[tokio::test]
async fn opening_a_link_changes_nothing() {
    let server = TestServer::start("accounts.passwordless_registration = false\n").await;
    let email = server.register("eve").await;
    let (ada, second) = with_secondary(&server).await;
    let paths = [
        format!("/activate/{}", server.mailed_token(&email)),
        format!("/activate/{}", server.mailed_token(&second)),
        format!("/activate-secondary/{}", server.mailed_token(&second)),
        format!("/password-reset/{}", server.request_reset(&ada).await),
    ];
    server.ignore_mail();
    let before = server.rows();
    for path in &paths {
        for method in [Method::GET, Method::HEAD, Method::GET] {
            let reply = server.raw(method, path).send().await.expect("a page");
            assert_eq!(reply.status(), 200, "{path}");
        }
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn an_account_is_activated_once_by_a_button() {
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    let path = format!("/activate/{}", server.mailed_token(&email));
    let page = server.open(&path).await;
    assert!(page.says("<h1>Activate your account</h1>") && page.says("Activate ada@example.org</button>"));
    assert_refused(&server.try_log_in(&email, PASSWORD).await, "nonFieldErrors", "not_verified");

    let pressed = server.submit(&path, &[]).await;
    assert_eq!((pressed.status, pressed.location.as_str()), (303, "/done/activation"));
    assert!(server.open(&pressed.location).await.says("<h1>Your account is active</h1>"));
    server.log_in(&email, PASSWORD).await;
    for again in [server.open(&path).await, server.submit(&path, &[]).await] {
        assert_eq!(again.status, 200);
        assert!(again.says("Your account is active already") && !again.says("<form"));
    }
}

#[tokio::test]
async fn activation_after_a_reset_request_leads_to_a_new_password() {
    let server = TestServer::start("").await;
    let email = server.register("ada").await;
    assert!(
        !server.open(&format!("/activate/{}", server.mailed_token(&email))).await.says("ends the old one")
    );
    server.submit("/password-reset", &[("email", &email)]).await;
    let mail = server.mails_to(&email).pop().expect("a mail");
    let sentence = "You asked for a new password: activating your account ends the old one.";
    let all_the_same = "somebody else did. You can activate your account all the same";
    for sentence in [sentence, all_the_same] {
        assert_eq!(mail.text.matches(sentence).count(), 2, "as plain text and as HTML: {}", mail.text);
    }

    let path = format!("/activate/{}", server.mailed_token(&email));
    let page = server.open(&path).await;
    assert!(page.says("activating your account ends the old one") && page.says(all_the_same));
    let pressed = server.submit(&path, &[]).await;
    assert_eq!(pressed.status, 303);
    assert!(pressed.location.starts_with("/password-set/"), "{}", pressed.location);
    assert!(server.open(&pressed.location).await.says("<h1>Choose your password</h1>"));
    let good = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    assert_eq!(server.submit(&pressed.location, &good).await.location, "/done/first-password");
    server.log_in(&email, OTHER_PASSWORD).await;
    assert_refused(&server.try_log_in(&email, PASSWORD).await, "nonFieldErrors", "invalid_credentials");
    assert_eq!(server.open(&pressed.location).await.status, 200, "the link was used");
    server.ignore_mail();
}

#[tokio::test]
async fn an_invalid_link_shows_the_reason_and_offers_another_mail() {
    let server = TestServer::start("").await;
    let (ada, second) = with_secondary(&server).await;
    let eve = server.register("eve").await;
    let reset = format!("/password-reset/{}", server.request_reset(&ada).await);
    let links = [
        (format!("/activate/{}", server.mailed_token(&eve)), true),
        (format!("/activate/{}", server.mailed_token(&second)), false),
        (reset.clone(), true),
    ];
    server.advance(Duration::from_hours(8 * 24));
    for (path, offers) in &links {
        for page in [server.open(path).await, server.submit(path, &[]).await] {
            assert_eq!(page.status, 410, "{path}");
            assert!(page.says("<h1>This link is too old</h1>"), "{}", page.text);
            assert_eq!(page.says("type=\"email\""), *offers, "{path}");
        }
    }
    for path in ["/activate/nonsense", "/activate-secondary/a:b:c", "/password-reset/%00", "/password-set/x"]
    {
        for page in [server.open(path).await, server.submit(path, &[]).await] {
            assert_eq!(page.status, 404, "{path}");
            assert!(page.says("<h1>This link does not work</h1>"), "{}", page.text);
        }
    }
    let token = server.request_reset(&ada).await;
    assert_eq!(server.open(&format!("/password-set/{token}")).await.status, 404, "a link for something else");

    let path = format!("/password-reset/{token}");
    let fields = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    assert_eq!(server.submit(&path, &fields).await.status, 303);
    let used = server.open(&path).await;
    assert_eq!(used.status, 410);
    assert!(used.says("<h1>This link was used already</h1>") && used.says("action=\"/password-reset\""));
    server.ignore_mail();
}

#[tokio::test]
async fn an_invalid_new_password_shows_every_error() {
    let server = TestServer::start("").await;
    let email = server.register_verified("ada").await;
    let path = format!("/password-reset/{}", server.request_reset(&email).await);
    let page = server.open(&path).await;
    assert!(page.says("<h1>Choose a new password</h1>") && page.says("autocomplete=\"new-password\""));
    let before = server.rows();
    for (first, second, sentences) in [
        (
            "12345",
            "12345",
            vec!["This password is too short.", "This password is too common.", "entirely numeric"],
        ),
        (OTHER_PASSWORD, PASSWORD, vec!["The two password fields didn’t match."]),
        ("", "", vec!["This field is required."]),
        ("ada@example.org", "ada@example.org", vec!["too similar"]),
    ] {
        let refused = server.submit(&path, &[("new_password1", first), ("new_password2", second)]).await;
        assert_eq!(refused.status, 422, "{first}");
        assert!(sentences.iter().all(|sentence| refused.says(sentence)), "{}", refused.text);
        assert!(refused.says("role=\"alert\"") && refused.says("aria-invalid=\"true\""));
        assert!(first.len() < 6 || !refused.says(first), "a password is shown: {}", refused.text);
    }
    assert_eq!(server.rows(), before);
    let good = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    let pressed = server.submit(&path, &good).await;
    assert_eq!((pressed.status, pressed.location.as_str()), (303, "/done/new-password"));
    server.log_in(&email, OTHER_PASSWORD).await;
    assert_refused(&server.try_log_in(&email, PASSWORD).await, "nonFieldErrors", "invalid_credentials");
    server.ignore_mail();
}

#[tokio::test]
async fn a_secondary_address_is_confirmed_at_either_path() {
    for path in ["/activate", "/activate-secondary"] {
        let server = TestServer::start("").await;
        let (_, second) = with_secondary(&server).await;
        let path = format!("{path}/{}", server.mailed_token(&second));
        assert!(server.open(&path).await.says("<h1>Confirm your secondary address</h1>"));
        assert_eq!(server.submit(&path, &[]).await.location, "/done/secondary-address");
        server.log_in(&second, PASSWORD).await;
        assert!(server.open(&path).await.says("Your address is confirmed already"));
        server.ignore_mail();
    }
}

#[tokio::test]
async fn a_first_password_is_set_by_its_link() {
    let server = TestServer::start("accounts.passwordless_registration = true\n").await;
    assert_done(
        &server.mutate(None, &mutation("register", serde_json::json!({ "email": "ada@example.org" }))).await,
    );
    let path = format!("/password-set/{}", server.mailed_token("ada@example.org"));
    assert!(server.open(&path).await.says("<h1>Choose your password</h1>"));
    let good = [("new_password1", OTHER_PASSWORD), ("new_password2", OTHER_PASSWORD)];
    assert_eq!(server.submit(&path, &good).await.location, "/done/first-password");
    server.log_in("ada@example.org", OTHER_PASSWORD).await;
    assert!(server.open(&path).await.says("Your account has a password already"));
    server.ignore_mail();
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
    assert_eq!(server.mails_to(&eve).len(), 3, "who is not active gets an activation mail instead");
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
            assert!(page.says("This came from another site"), "{}", page.text);
        }
    }
    assert_eq!(server.rows(), before);
    let own =
        server.raw(Method::POST, &path).header("Sec-Fetch-Site", "same-origin").header("Origin", "null");
    assert_eq!(server.page(own, &path).await.status, 303);
    // HTTP/2 says which server is meant in another place.
    let client =
        reqwest::Client::builder().http2_prior_knowledge().redirect(reqwest::redirect::Policy::none());
    let request = client.build().expect("a client").post(server.url("/password-reset"));
    let reply = request.header("Origin", server.url("")).body("email=ada%40example.org").send().await;
    assert_eq!(reply.expect("an answer").status(), 303);
    server.ignore_mail();
}

#[tokio::test]
async fn invalid_requests_get_an_error_page() {
    let server = TestServer::start("").await;
    let before = server.rows();
    let long = "x".repeat(20_000);
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
    assert!(page.status == 200 && page.says("answerJoinRequest"), "{}", page.text);
    for path in ["/nowhere", "/activate/a/b", "/done/nothing"] {
        let page = server.open(path).await;
        assert!(page.status == 404 && page.says("<h1>There is nothing here</h1>"), "{path}");
        let answer = server.raw(Method::GET, path).send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "application/json", "programs get no page");
    }
    assert_eq!(server.rows(), before);
}

#[tokio::test]
async fn the_front_page_shows_the_links_and_the_name_of_the_site() {
    let server =
        TestServer::start("[pages.branding]\nname = \"Tides & <Winds>\"\naccent = \"#ffdd00\"\n").await;
    let front = server.open("/").await;
    assert!(front.says("Tides &amp; &lt;Winds&gt;") && front.says(env!("CARGO_PKG_VERSION")));
    assert!(front.says("href=\"/graphql\"") && front.says("href=\"/password-reset\""));
    assert!(front.says("It has no pages to register or log in") && !front.says("Log in</strong>"));
    let style = regex::Regex::new("href=\"(/pages/[0-9a-f]+\\.css)\"").expect("a pattern");
    let style = style.captures(&front.text).expect("a style sheet")[1].to_owned();
    let reply = server.raw(Method::GET, &style).send().await.expect("a style sheet");
    assert_eq!(reply.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    let style = reply.text().await.expect("a text");
    assert!(style.contains("--accent: #ffdd00;") && style.contains("--on-accent: #000000;"));
    assert!(
        style.len() + front.text.len() < 30_000,
        "a page weighs {} bytes",
        style.len() + front.text.len()
    );

    let server = TestServer::start("pages.enabled = false\ngraphql.graphiql = false\n").await;
    for path in ["/", "/activate", "/activate/x", "/graphiql/index.html"] {
        let reply =
            server.raw(Method::GET, path).header(ACCEPT, "text/html").send().await.expect("an answer");
        assert_eq!(reply.status(), 404, "{path}");
    }
    let reply =
        server.raw(Method::GET, "/graphql").header(ACCEPT, "text/html").send().await.expect("an answer");
    assert_eq!(reply.status(), 405);
}

#[tokio::test]
async fn final_pages_link_to_the_login_of_the_site() {
    let server = TestServer::start("links.sign_in = \"https://www.example.org/login?from=auth\"\n").await;
    let to_the_log_in = "href=\"https://www.example.org/login?from=auth\"";
    let email = server.register("ada").await;
    let path = format!("/activate/{}", server.mailed_token(&email));
    assert!(!server.open(&path).await.says(to_the_log_in), "there is something else to do first");
    let done = server.submit(&path, &[]).await.location;
    for path in ["/", &done, &path, "/done/new-password", "/done/password-mail", "/working-group-details"] {
        let page = server.open(path).await;
        assert!(page.status == 200 && page.says(to_the_log_in), "{path}: {}", page.text);
    }
    assert!(
        server.open("/activate-secondary/nonsense").await.says(to_the_log_in),
        "one logs in to try again"
    );
    assert!(!server.open("/nowhere").await.says(to_the_log_in));

    let server = TestServer::start("").await;
    for path in ["/done/activation", "/done/password-mail", "/activate-secondary/nonsense"] {
        let page = server.open(path).await;
        assert!(page.says("<a href=\"/\">To the front page</a>") && !page.says("og in</a>"), "{}", page.text);
    }
}

#[tokio::test]
async fn the_pages_have_an_icon() {
    let folder = tempfile::tempdir().expect("a folder");
    let logo = folder.path().join("logo.png");
    std::fs::write(&logo, "a small picture").expect("a file");
    let icon = regex::Regex::new("rel=\"icon\" href=\"(/pages/[0-9a-f]+\\.[a-z]+)\"").expect("a pattern");
    let with_logo = format!("[pages.branding]\nlogo = {logo:?}\n");
    for (settings, kind, part) in [
        ("[pages.branding]\naccent = \"#ffdd00\"\n", "image/svg+xml", "fill=\"#ffdd00\""),
        (&with_logo, "image/png", "a small picture"),
    ] {
        let server = TestServer::start(settings).await;
        let page = server.open("/").await;
        let icon = icon.captures(&page.text).expect("an icon")[1].to_owned();
        for (path, kept) in [
            (icon.as_str(), "public, max-age=31536000, immutable"),
            ("/favicon.ico", "public, max-age=86400"),
        ] {
            let picture = server.raw(Method::GET, path).send().await.expect("a picture");
            assert_eq!(
                (picture.status().as_u16(), &picture.headers()["content-type"]),
                (200, &kind.parse().expect("a value"))
            );
            assert_eq!(picture.headers()[CACHE_CONTROL], kept, "{path}");
            assert!(picture.text().await.expect("a picture").contains(part), "{path}");
        }
        assert_eq!(page.says("<img "), part == "a small picture", "a logo is shown beside the name as well");
    }
}

#[test]
fn a_logo_must_be_readable_and_small() {
    let site = Site::with_settings("[pages.branding]\nlogo = \"logo.svg\"\n");
    assert!(site.run(["check-config"]).refused(2).contains("pages.branding.logo: logo.svg cannot be read"));
    site.write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    site.run(["check-config"]).done();
    site.write("logo.svg", vec![b' '; 300 * 1024]);
    assert!(site.run(["check-config"]).refused(2).contains("larger than 256 KiB"));
    for (setting, part) in [
        ("logo = \"logo.exe\"", "is no .svg"),
        ("accent = \"red\"", "is no colour"),
        ("name = \" \"", "write a name"),
    ] {
        let site = Site::with_settings(&format!("[pages.branding]\n{setting}\n"));
        assert!(site.run(["check-config"]).refused(2).contains(part));
    }
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
