//! No page and no log repeats a secret of a second factor.

use regex::Regex;

use super::{ORIGIN, PAGE, assert_says, field, passkey_options, recovery_codes};
use crate::support::page_browser::PageBrowser;
use crate::support::person::PASSWORD;
use crate::support::phone::Phone;
use crate::support::program::Site;
use crate::support::security_key::SecurityKey;

#[expect(clippy::disallowed_methods, reason = "the server under test uses the clock of the system")]
fn system_seconds() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since_1970.expect("a time after 1970").as_secs())
        .expect("a time before the year 292277026596")
}

#[tokio::test]
async fn no_secret_of_a_second_factor_is_logged_or_repeated() {
    let settings = "[mail]\ntransport = \"file\"\n[log]\nlevel = \"trace\"\n";
    let site = Site::with_settings(settings);
    let email = "ada@example.org";
    let create = ["user", "create", "--email", email, "--verified", "--password-stdin"];
    site.run_with_input(&format!("{PASSWORD}\n"), create).done();
    let server = site.serve();
    let mut browser = PageBrowser::for_program(&server);
    browser.log_in(email, PASSWORD).await;
    let page = browser.open(PAGE).await;
    let page = browser.submit(&page, "Set up an app", &[]).await;
    let link = page.link("Open an app on this device");
    let secret = Regex::new("secret=([A-Z2-7]+)").expect("a pattern").captures(&link).expect("a secret");
    let code = Phone::scan(&link).code_at(system_seconds());
    let page = browser.submit(&page, "Finish the set-up", &[("code", &code)]).await;
    let codes = recovery_codes(&page.html);
    let key = &mut SecurityKey::new();
    assert_says(&browser.add_passkey(key, "Key").await, 200, "The passkey is added.");

    let page = browser.open("/account").await;
    let login = browser.submit(&page, "Log out", &[]).await;
    let step = browser.submit(&login, "Log in", &[("email", email), ("password", PASSWORD)]).await;
    let challenge = field(&step, "Continue", "challenge");
    let answer = key.log_in(&passkey_options(&step), ORIGIN).to_string();
    let forged = answer.replace("\"signature\":\"", "\"signature\":\"AA");
    let mistyped = codes[1].replace('-', "-0");
    for (button, field, value) in
        [("Continue", "code", mistyped.as_str()), ("Use a passkey", "passkey", &forged)]
    {
        let refused = browser.submit(&step, button, &[(field, value)]).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(!refused.html.contains(value) && !refused.says(value), "{}", refused.html);
        let repeated = refused.html.matches(&challenge).count();
        let hidden = format!("type=\"hidden\" name=\"challenge\" value=\"{challenge}\"");
        assert_eq!((repeated, refused.html.matches(&hidden).count()), (2, 2), "{}", refused.html);
    }
    let page = browser.submit(&step, "Use a passkey", &[("passkey", &answer)]).await;
    assert_eq!((page.status, page.address.as_str()), (200, "/account"), "{}", page.text());
    let page = browser.open("/account/confirm").await;
    let entered = [("password", PASSWORD), ("code", &codes[0])];
    assert_eq!(browser.submit(&page, "Continue", &entered).await.address, "/account");
    let cookie = browser.cookies["p4f"].clone();
    let outcome = server.terminate();
    let log = outcome.stderr + &outcome.stdout;
    assert!(log.contains("/account/second-factor") && log.contains("invalid_code"), "{log}");
    let signature = Regex::new("\"signature\":\"([^\"]+)\"").expect("a pattern");
    let signature = signature.captures(&answer).expect("a signature");
    let shown = [&secret[1], &code, &codes[0], &codes[1], &mistyped];
    for secret in shown.into_iter().chain([PASSWORD, &challenge, &signature[1], &cookie]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
