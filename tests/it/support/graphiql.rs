//! GraphiQL in a browser.

use crate::support::browser::Browser;
use crate::support::person::PASSWORD;
use crate::support::server::TestServer;

impl Browser {
    pub async fn open_graphiql(&self, server: &TestServer) {
        self.open(server, "/graphql").await;
        for editor in [".graphiql-query-editor", ".graphiql-editor-tool", ".result-window"] {
            self.wait_until(&format!("document.querySelector('{editor} .view-line')")).await;
        }
    }

    pub async fn log_in(&self, email: &str, password: &str) {
        self.type_text("#login-email", email).await;
        self.type_text("#login-password", password).await;
        self.click("#login-submit").await;
    }

    /// Logs in by the dialog, and waits until the button shows the address.
    pub async fn log_in_by_button(&self, email: &str) {
        self.click("#login-open").await;
        self.log_in(email, PASSWORD).await;
        self.wait_until(&format!("document.querySelector('#login-open').textContent.includes({email:?})"))
            .await;
    }

    /// Logs out, and waits until the server has ended the session.
    pub async fn log_out(&self, server: &TestServer) {
        let token = self.run_script("return document.querySelector('#login-token').value").await;
        let me = || server.query(token.as_str(), "{ me { email } }");
        assert!(me().await["me"].is_object());
        self.click("#login-logout").await;
        self.wait_until("document.querySelector('#login-submit')").await;
        let mut tries = 0;
        while me().await["me"].is_object() {
            tries += 1;
            assert!(tries < 2000, "the session did not end");
        }
    }

    /// Waits until the results contain a string, without regard to white space.
    pub async fn wait_for_result(&self, selector: &str, part: &str) {
        self.wait_until(&format!(
            "document.querySelector({selector:?})?.textContent.replace(/\\s/g, '').includes({part:?})"
        ))
        .await;
    }

    /// Returns the names of the tabs.
    pub async fn tabs(&self) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll('.graphiql-tab-button')].map(tab => tab.textContent)";
        let tabs: Vec<String> = serde_json::from_value(self.run_script(script).await).expect("names");
        assert!(tabs.len() > 9, "{tabs:?}");
        tabs
    }

    /// Opens the tab of an example, and waits until the editors have it.
    pub async fn open_tab(&self, example: &str) {
        let script = format!(
            "[...document.querySelectorAll('.graphiql-tab-button')].find(tab => tab.textContent === {example:?}).click()"
        );
        self.run_script(&script).await;
        let active = format!(
            "document.querySelector('.graphiql-tab-active .graphiql-tab-button').textContent === {example:?}"
        );
        self.wait_until(&active).await;
        self.wait_until(&format!(
            "new RegExp('(query|mutation)\\\\s' + {example:?} + '\\\\b')\
             .test(document.querySelector('.graphiql-query-editor .view-lines').textContent)"
        ))
        .await;
    }

    pub async fn execute(&self) {
        self.click("button.graphiql-execute-button").await;
    }

    /// Returns what the page stored in the browser.
    pub async fn storage(&self) -> String {
        self.run_script("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
            .await
            .to_string()
    }
}
