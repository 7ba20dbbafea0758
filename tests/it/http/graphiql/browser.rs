//! GraphiQL in a browser that cannot reach other hosts.

use serde_json::{Value, json};

use crate::support::browser::{Browser, ENTER, SELECT_ALL};
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

/// Opens GraphiQL in a browser, if this machine has one.
async fn start() -> Option<(Browser, TestServer)> {
    let browser = Browser::start().await?;
    let server = TestServer::start("").await;
    browser.open_graphiql(&server).await;
    Some((browser, server))
}

#[tokio::test]
async fn graphiql_works_offline_and_stores_no_secret() {
    let Some((browser, server)) = start().await else { return };
    let email = server.register_verified("ada").await;

    browser.click("button[aria-label='Show Documentation Explorer']").await;
    let documentation = browser.wait_for(".graphiql-doc-explorer").await;
    assert!(documentation.contains("Query"), "{documentation}");

    // A wrong password shows an error, and the correct one logs in.
    browser.click("#login-open").await;
    browser.log_in(&email, "wrong").await;
    assert_eq!(browser.wait_for("#login-error p").await, "Please, enter valid credentials.");
    browser.open_graphiql(&server).await;
    browser.log_in_by_button(&email).await;

    // A query and a mutation with the token.
    browser.open_tab("Me").await;
    browser.execute().await;
    browser.wait_for_result(".result-window", &format!("\"email\":\"{email}\"")).await;
    browser.open_tab("UpdateAccount").await;
    browser.execute().await;
    browser.wait_for_result(".result-window", "\"success\":true").await;

    // The editor completes a field.
    browser.open_tab("Me").await;
    browser.click(".graphiql-query-editor .view-lines").await;
    let editor = ".graphiql-query-editor textarea, .graphiql-query-editor .native-edit-context";
    browser.type_text(editor, &format!("{SELECT_ALL}{{ user")).await;
    browser.wait_for(".suggest-widget.visible .monaco-list-row").await;

    browser.open_tab("Sessions").await;
    browser.execute().await;
    browser.wait_for_result(".result-window", "\"current\":true").await;
    browser.click("#login-open").await;
    browser.log_out(&server).await;

    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    let kept = browser.storage().await;
    assert!(!kept.contains("eyJ") && !kept.contains(PASSWORD) && !kept.contains(&email), "{kept}");
    server.ignore_mail();
}

#[tokio::test]
async fn every_tab_opens_with_its_example_variables() {
    let Some((browser, _server)) = start().await else { return };
    let shown = "document.querySelector('.graphiql-editor-tools .active')?.textContent === 'Variables'";
    for size in [(1280, 800), (390, 844)] {
        browser.resize(size).await;
        for tab in browser.tabs().await {
            browser.open_tab(&tab).await;
            browser.wait_until(shown).await;
            if ["Me", "Sessions"].contains(&tab.as_str()) {
                continue;
            }
            // All lines are visible, from the comment to the closing brace.
            browser
                .wait_until(
                    "(() => { \
                       const editor = document.querySelector('.graphiql-editor-tool .graphiql-editor:not(.hidden)'); \
                       const box = editor.getBoundingClientRect(); \
                       const lines = [...editor.querySelectorAll('.view-line')] \
                         .map(line => ({ text: line.textContent, box: line.getBoundingClientRect() })) \
                         .sort((one, other) => one.box.top - other.box.top); \
                       return lines[0].text.startsWith('//\u{a0}Example\u{a0}values') && lines.at(-1).text === '}' && \
                         lines.at(-1).box.bottom <= box.bottom && box.bottom <= innerHeight; })()",
                )
                .await;
        }
    }
    // A change of tab shows the variables again, after the headers were open or both editors were hidden.
    browser.click(".graphiql-editor-tools [data-name=headers]").await;
    let headers = "document.querySelector('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines')";
    browser.wait_until(&format!("{headers}?.textContent === ''")).await;
    browser.open_tab("Register").await;
    browser.wait_until(shown).await;
    browser.click("button[aria-label='Hide editor tools']").await;
    browser.wait_until(&format!("!({shown})")).await;
    browser.open_tab("VerifyAccount").await;
    browser.wait_until(shown).await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
}

#[tokio::test]
async fn a_typed_header_overrides_the_login() {
    let Some((browser, server)) = start().await else { return };
    let (ada, bo) = (server.register_verified("ada").await, server.register_verified("bo").await);
    let token = server.log_in(&bo, PASSWORD).await.token;
    browser.log_in_by_button(&ada).await;
    browser.open_tab("Me").await;
    browser.execute().await;
    browser.wait_for_result(".result-window", &format!("\"email\":\"{ada}\"")).await;
    browser.click(".graphiql-editor-tools [data-name=headers]").await;
    browser.click(".graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines").await;
    // The editor inserts the closing brace and quotation marks, and typing replaces them.
    let editor = ".graphiql-editor-tool .graphiql-editor:not(.hidden) textarea";
    browser.type_text(editor, &format!("{{\"Authorization\": \"JWT {token}\"}}")).await;
    browser.execute().await;
    browser.wait_for_result(".result-window", &format!("\"email\":\"{bo}\"")).await;
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn a_login_with_a_second_factor_asks_for_the_code() {
    let Some((browser, server)) = start().await else { return };
    let ada = server.sign_up_with_app("ada").await;
    let bo = server.register_verified("bo").await;
    let shows =
        |error: &str| format!("document.querySelector('#login-error').textContent.includes({error:?})");
    browser.click("#login-open").await;
    browser.log_in(&ada.person.email, PASSWORD).await;
    browser.wait_until(&shows("Enter the code of your authenticator app.")).await;
    // Another account may have no second factor.
    browser.wait_until("document.activeElement.id === 'login-code'").await;
    browser.type_text("#login-email", &format!("{SELECT_ALL}{bo}")).await;
    browser.wait_until("!document.querySelector('#login-code')").await;
    browser.wait_until("document.querySelector('#login-error').textContent === ''").await;
    browser.type_text("#login-email", &format!("{SELECT_ALL}{}", ada.person.email)).await;
    browser.click("#login-submit").await;
    for (code, outcome) in [
        (server.wrong_code(&ada.phone), shows("code is not valid")),
        (server.next_code(&ada.phone), "document.activeElement.id === 'login-open'".to_owned()),
    ] {
        browser.wait_until("document.activeElement.id === 'login-code'").await;
        browser.press(&code).await;
        browser.press(ENTER).await;
        browser.wait_until(&outcome).await;
    }
    assert_eq!(browser.wait_for("#login-open").await.lines().last(), Some(ada.person.email.as_str()));
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn login_works_with_the_keyboard_on_a_phone() {
    let Some((browser, server)) = start().await else { return };
    let email = server.register_verified("ada").await;
    browser.resize((390, 844)).await;
    let icons = "document.querySelectorAll('svg circle[cx=\"10\"]').length";
    assert_eq!(browser.run_script(&format!("return {icons}")).await, json!(1));
    // The button for another tab is before the login button in the tab order.
    browser.run_script("document.querySelector('.graphiql-tab-add').focus()").await;
    browser.type_text(".graphiql-tab-add", "\u{e004}").await;
    browser.wait_until("document.activeElement.id === 'login-open'").await;
    browser.type_text("#login-open", "\u{e007}").await;
    browser.wait_until("document.activeElement.id === 'login-email'").await;
    browser.type_text("#login-email", "\u{e00c}").await;
    browser.wait_until("document.activeElement.id === 'login-open'").await;
    browser.type_text("#login-open", "\u{e007}").await;
    browser.type_text("#login-email", &email).await;
    browser.type_text("#login-password", &format!("{PASSWORD}\u{e007}")).await;
    browser.wait_until("!document.querySelector('#login-panel').open").await;
    browser.wait_until("document.activeElement.id === 'login-open'").await;
    assert_eq!(browser.wait_for("#login-open").await.lines().last(), Some(email.as_str()));
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
    server.ignore_mail();
}

#[tokio::test]
async fn tabs_and_comments_are_visible_on_desktop_and_phone() {
    let Some((browser, _server)) = start().await else { return };
    for size in [(1280, 800), (390, 844)] {
        browser.resize(size).await;
        let phone = size.0 == 390;
        browser.wait_until(&format!("Boolean(document.querySelector('.line-numbers')) !== {phone}")).await;
        for tab in browser.tabs().await {
            browser.open_tab(&tab).await;
            // Checks the middle and both ends of the active tab, and of all tabs on a desktop.
            let tabs = if phone { ".graphiql-tab-active" } else { ".graphiql-tab" };
            let seen = "const seen = (box, element) => [0.05, 0.5, 0.95].every(part => { \
                          const at = document.elementFromPoint(box.left + part * box.width, box.top + box.height / 2); \
                          return element.contains(at); });";
            browser
                .wait_until(&format!(
                    "(() => {{ {seen} return [...document.querySelectorAll({tabs:?})] \
                       .every(tab => seen(tab.getBoundingClientRect(), tab)); }})()"
                ))
                .await;
            browser
                .wait_until(&format!(
                    "(() => {{ {seen} \
                       const editor = document.querySelector('.graphiql-query-editor .monaco-editor'); \
                       const comments = [...editor.querySelectorAll('.view-line')] \
                         .filter(line => line.textContent.startsWith('#')); \
                       return comments.length > 0 && comments \
                         .every(line => seen(line.firstChild.getBoundingClientRect(), editor)); }})()"
                ))
                .await;
        }
        // A row that scrolls fades at its ends.
        let row =
            "const row = document.querySelector('.graphiql-tabs'); const style = getComputedStyle(row);";
        let script = format!("{row} return [row.scrollWidth > row.clientWidth, style.maskImage !== 'none']");
        assert_eq!(browser.run_script(&script).await, json!([phone, phone]));
    }
    assert_eq!(browser.console_errors().await, [] as [String; 0]);
}

#[tokio::test]
async fn comments_are_readable_in_light_and_in_dark() {
    let Some((browser, server)) = start().await else { return };
    for scheme in ["light", "dark"] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", features).await;
        browser.open_graphiql(&server).await;
        for (editor, sign) in [("query-editor", "#"), ("editor-tool", "//")] {
            // A token of the class mtk1 is not highlighted yet.
            let comment = format!(
                "[...document.querySelectorAll('.graphiql-{editor} .view-line [class*=mtk]:not(.mtk1)')] \
                   .find(token => token.textContent.startsWith({sign:?}))"
            );
            browser.wait_until(&comment).await;
            // The contrast of WCAG 2. The pane behind the transparent editor has the background.
            let script = format!(
                "const light = element => {{ \
                   const {{ color, backgroundColor }} = getComputedStyle(element); \
                   const [r, g, b] = (element.matches('.graphiql-editors') ? backgroundColor : color) \
                     .match(/[0-9.]+/g).map(value => value / 255) \
                     .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4); \
                   return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05; }}; \
                 return [light({comment}), light(document.querySelector('.graphiql-editors'))];"
            );
            let lights: [f64; 2] =
                serde_json::from_value(browser.run_script(&script).await).expect("numbers");
            let [comment, pane] = lights;
            let contrast = comment.max(pane) / comment.min(pane);
            assert!(
                contrast >= 4.5 && (pane < comment) == (scheme == "dark"),
                "{scheme} {editor}: {contrast}"
            );
        }
    }
}

#[tokio::test]
async fn without_javascript_graphiql_explains_what_to_do() {
    let Some((browser, server)) = start().await else { return };
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.open(&server, "/graphql").await;
    let page = browser.wait_for("body").await;
    assert!(page.contains("needs JavaScript") && page.contains("POST to /graphql"), "{page}");
    assert!(!page.contains("loading"), "{page}");
}

#[tokio::test]
async fn the_assets_of_graphiql_are_served_compressed_or_plain() {
    let server = TestServer::start("").await;
    let fetch = |path: String, coding: &'static str| {
        let request = server
            .raw(reqwest::Method::GET, &path)
            .header("Accept", "text/html")
            .header("Accept-Encoding", coding);
        async move { request.send().await.expect("a reply") }
    };
    let page = fetch("/graphql".to_owned(), "identity").await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(
        page.headers()["content-security-policy"].to_str().expect("a string").contains("script-src 'self';")
    );
    let page = page.text().await.expect("a page");
    assert!(page.contains("GraphiQL") && !page.contains("<script>"), "{page}");
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
        .expect("a reply");
    assert_eq!(api.status(), 405);
    let answer: Value = api.json().await.expect("JSON");
    assert!(answer["errors"].is_array());
}
