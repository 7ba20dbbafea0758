//! The front page, final pages, icon and logo.

use reqwest::Method;
use reqwest::header::{ACCEPT, CACHE_CONTROL};

use crate::support::program::Site;
use crate::support::server::TestServer;

#[tokio::test]
async fn the_front_page_shows_the_links_and_the_name_of_the_site() {
    let server =
        TestServer::start("[pages.branding]\nname = \"Tides & <Winds>\"\naccent = \"#ffdd00\"\n").await;
    let front = server.open("/").await;
    assert!(front.says("Tides &amp; &lt;Winds&gt;") && front.says(env!("CARGO_PKG_VERSION")));
    assert!(front.says("href=\"/graphql\"") && front.says("href=\"/password-reset\""));
    assert!(front.says("href=\"/account/login\"") && front.says("href=\"/account/register\""));
    let style = regex::Regex::new("href=\"(/pages/[0-9a-f]+\\.css)\"").expect("a pattern");
    let style = style.captures(&front.text).expect("a style sheet")[1].to_owned();
    let reply = server.raw(Method::GET, &style).send().await.expect("a style sheet");
    assert_eq!(reply.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    let style = reply.text().await.expect("a string");
    assert!(style.contains("--accent: #ffdd00;") && style.contains("--on-accent: #000000;"));
    assert!(
        style.len() + front.text.len() < 30_000,
        "a page weighs {} bytes",
        style.len() + front.text.len()
    );

    let server = TestServer::start("pages.enabled = false\ngraphql.graphiql = false\n").await;
    for path in ["/", "/activate", "/activate/x", "/graphiql/index.html"] {
        let reply = server.raw(Method::GET, path).header(ACCEPT, "text/html").send().await.expect("a reply");
        assert_eq!(reply.status(), 404, "{path}");
    }
    let reply =
        server.raw(Method::GET, "/graphql").header(ACCEPT, "text/html").send().await.expect("a reply");
    assert_eq!(reply.status(), 405);
}

#[tokio::test]
async fn final_pages_link_to_the_login_of_the_site() {
    let server = TestServer::start("links.sign_in = \"https://www.example.org/login?from=auth\"\n").await;
    let login_link = "href=\"https://www.example.org/login?from=auth\"";
    let email = server.register("ada").await;
    let path = format!("/activate/{}", server.mailed_token(&email));
    assert!(!server.open(&path).await.says(login_link), "the page links to the login before activation");
    let done = server.submit(&path, &[]).await.location;
    for path in ["/", &done, &path, "/done/new-password", "/done/password-mail"] {
        let page = server.open(path).await;
        assert!(page.status == 200 && page.says(login_link), "{path}: {}", page.text);
    }
    assert!(
        server.open("/activate-secondary/nonsense").await.says(login_link),
        "the page does not link to the login"
    );
    assert!(!server.open("/nowhere").await.says(login_link));

    let server = TestServer::start("").await;
    for path in ["/done/activation", "/done/password-mail", "/activate-secondary/nonsense"] {
        let page = server.open(path).await;
        assert!(page.says("href=\"/account/login\""), "{}", page.text);
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
        assert_eq!(page.says("<img "), part == "a small picture", "the logo is not beside the name");
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
        ("logo = \"logo.exe\"", "is not a .svg"),
        ("accent = \"red\"", "is not a colour"),
        ("name = \" \"", "write a name"),
    ] {
        let site = Site::with_settings(&format!("[pages.branding]\n{setting}\n"));
        assert!(site.run(["check-config"]).refused(2).contains(part));
    }
}
