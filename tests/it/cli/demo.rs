//! `serve --demo`.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::mutation::verify_account;
use crate::support::person::assert_done;
use crate::support::program::{Serving, Site};

/// A demo in the folder of another server.
struct Demo {
    site: Site,
    temporary: Site,
    server: Serving,
    introduction: String,
}

impl Demo {
    fn start() -> Self {
        let (site, temporary) = (Site::empty(), Site::empty());
        site.write("config.toml", "mail.transport = \"smtp\"\nno_such_setting = 1\n");
        std::fs::create_dir(site.path("data")).expect("a folder");
        site.write("data/auth.sqlite3", "the accounts of another server");
        let folder = temporary.path(".");
        let server = site.serve_demo([
            ("TMPDIR", folder.to_str().expect("a path in UTF-8")),
            ("P4F_AUTH_DATA_DIR", "data"),
            ("P4F_AUTH_MAIL__TRANSPORT", "smtp"),
        ]);
        let mut introduction = String::new();
        while !introduction.contains("Mails are printed here") {
            introduction += &(server.next_line() + "\n");
        }
        Self { site, temporary, server, introduction }
    }

    /// Returns the printed passwords by address.
    fn log_ins(&self) -> HashMap<&str, &str> {
        let words = self.introduction.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next().filter(|word| word.contains('@'))?, words.next()?))
        });
        words.collect()
    }

    /// Returns the printed address on the line with these words.
    fn address(&self, words: &str) -> &str {
        let line = self.introduction.lines().find(|line| line.contains(words) && line.contains('@'));
        line.and_then(|line| line.split_whitespace().next())
            .unwrap_or_else(|| panic!("{}", self.introduction))
    }

    async fn try_log_in(&self, email: &str) -> Value {
        self.server.try_log_in(email, self.log_ins()[email]).await
    }

    async fn log_in(&self, email: &str) -> String {
        self.server.log_in(email, self.log_ins()[email]).await
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("a folder").next().is_none()
}

#[tokio::test]
async fn a_printed_representative_logs_in_and_sees_the_join_request() {
    let demo = Demo::start();
    let url = demo.server.address().replace("127.0.0.1", "localhost");
    assert!(demo.introduction.contains(&format!("{url}/graphql ")), "{}", demo.introduction);

    let [representative, applicant] = ["represents", "has asked to join"].map(|words| demo.address(words));
    let token = demo.log_in(representative).await;
    let query = "{ me { workingGroup { name customuserSet { email } \
         workinggroupjoinrequestSet { status user { email firstName } } } } }";
    let group = demo.server.query(Some(&token), query).await["me"]["workingGroup"].take();
    assert!(demo.introduction.contains(group["name"].as_str().expect("a name")), "{group}");
    let members = group["customuserSet"].as_array().expect("members");
    let is_member = |email| members.iter().any(|member| member["email"] == email);
    assert!(is_member(representative) && is_member(demo.address("is a member")), "{group}");
    let requests = group["workinggroupjoinrequestSet"].as_array().expect("join requests");
    assert_eq!(requests.len(), 1, "{group}");
    assert_eq!(requests[0]["user"], json!({ "email": applicant, "firstName": "Emmy" }));
}

#[tokio::test]
async fn every_printed_account_can_log_in() {
    let demo = Demo::start();
    let unverified = demo.address("is not verified");
    for email in demo.log_ins().keys().filter(|email| **email != unverified) {
        demo.log_in(email).await;
    }
    let refused = demo.try_log_in(unverified).await;
    assert_eq!(refused["errors"]["nonFieldErrors"][0]["code"], "not_verified", "{refused}");

    let mut mail = demo.server.mail();
    while !mail.contains(&format!("To: {unverified}\n")) {
        mail = demo.server.mail();
    }
    let url = demo.server.address().replace("127.0.0.1", "localhost");
    let activation = format!("{url}/activate/");
    let token = mail.lines().find_map(|line| line.strip_prefix(&activation)).expect("a link");
    assert_done(&demo.server.mutate(&verify_account(token)).await);
    demo.log_in(unverified).await;
}

#[tokio::test]
async fn staff_of_the_demo_see_every_printed_account() {
    let demo = Demo::start();
    let token = demo.log_in(demo.address("is staff")).await;
    let data = demo.server.query(Some(&token), "{ users { edges { node { email } } } }").await;
    let edges = data["users"]["edges"].as_array().expect("edges");
    let mut seen: Vec<&str> = edges.iter().filter_map(|edge| edge["node"]["email"].as_str()).collect();
    let mut printed: Vec<&str> = demo.log_ins().into_keys().collect();
    seen.sort_unstable();
    printed.sort_unstable();
    assert_eq!(seen, printed);
}

#[test]
fn the_demo_deletes_its_data_and_changes_no_other() {
    let demo = Demo::start();
    let before = demo.site.names();
    assert!(!is_empty(&demo.temporary.path(".")), "the data of the demo are elsewhere");
    demo.server.signal("-HUP");
    demo.server.wait_for("ERROR");
    let end = demo.server.terminate();
    assert_eq!(end.status, Some(0), "{end:?}");
    assert!(is_empty(&demo.temporary.path(".")), "{:?}", demo.temporary.names());
    assert_eq!(before, ["config.toml", "data", "data/auth.sqlite3"]);
    assert_eq!(demo.site.names(), before);
    let data = std::fs::read_to_string(demo.site.path("data/auth.sqlite3")).expect("a file");
    assert_eq!(data, "the accounts of another server");
}

#[test]
fn a_demo_on_an_address_in_use_says_so_and_leaves_nothing() {
    let (demo, site) = (Demo::start(), Site::empty());
    let address = demo.server.address().trim_start_matches("http://");
    let folder = site.path(".");
    let variables = [("TMPDIR", folder.to_str().expect("a path in UTF-8"))];
    let refused = site.run_with(variables, ["serve", &format!("--demo={address}")]).refused(1);
    assert!(refused.starts_with(&format!("{address} ")) && refused.contains("--demo="), "{refused}");
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn a_demo_at_a_terminal_cleans_up_after_ctrl_c() {
    let site = Site::empty();
    for (no_color, is_bold) in [("", true), ("1", false)] {
        let Some(mut terminal) = site.terminal(&["serve", "--demo=127.0.0.1:0"]) else { return };
        let temporary = Site::empty();
        terminal.env("NO_COLOR", no_color).env("TMPDIR", temporary.path("."));
        let mut child = terminal.spawn().expect("script runs");
        let shown = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut shown = shown.map(|line| line.expect("output in UTF-8"));
        let log_in = shown.find(|line| line.contains("represents")).expect("a log-in");
        assert_eq!(log_in.contains("\u{1b}["), is_bold, "NO_COLOR={no_color}: {log_in:?}");
        shown.find(|line| line.contains("listening on")).expect("a line of the log");
        // Ctrl+C
        child.stdin.take().expect("a pipe").write_all(b"\x03").expect("script reads");
        shown.for_each(drop);
        child.wait().expect("script ends");
        assert!(is_empty(&temporary.path(".")), "{:?}", temporary.names());
    }
}
