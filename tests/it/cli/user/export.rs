//! `user export`.

use serde_json::Value;

use super::super::MAIL_TO_FILES;
use crate::support::program::Site;

#[test]
fn an_operator_exports_the_data_of_an_account() {
    let site = Site::with_settings(MAIL_TO_FILES);
    site.run(["user", "create", "--email", "ada@example.org", "--username", "ada"]).done();
    let printed = site.run(["user", "export", "ada"]).done();
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(printed["addresses"]["primary"], "ada@example.org");
    assert!(
        printed["mails"]["toYou"][0]["text"].as_str().expect("a mail").contains("(removed)"),
        "{printed}"
    );

    let output = site.run(["user", "export", "ada@example.org", "--file", "ada.json"]).done();
    assert_eq!(output, "ada.json contains personal data; delete it when it has been handed over\n");
    assert_eq!(site.mode("ada.json"), 0o600);
    let written = std::fs::read_to_string(site.path("ada.json")).expect("a file");
    let written: Value = serde_json::from_str(&written).expect("JSON");
    assert_eq!(written["account"], printed["account"]);
    let again = site.run(["user", "export", "ada", "--file", "ada.json"]).refused(1);
    assert!(again.contains("already exists"), "{again}");
    let nobody = site.run(["user", "export", "bo"]).refused(1);
    assert!(nobody.contains("nothing was exported"), "{nobody}");
    assert!(site.run(["audit", "list"]).done().matches("data_exported").count() == 2);
}
