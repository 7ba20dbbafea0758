//! Control characters in addresses and names do not reach the terminal of an operator.

use serde_json::Value;

use crate::support::mutation::register;
use crate::support::person::{PASSWORD, assert_done};
use crate::support::program::Site;

/// A valid address with ESC, BEL and DEL.
const STRANGE: &str = "\"\u{1b}]0;owned\u{7}\u{7f}\"@example.org";
const HARMLESS: &str = "\" ]0;owned  \"@example.org";

#[track_caller]
fn assert_no_controls(output: &str) {
    let is_control = |character: char| character.is_control() && character != '\n';
    assert!(!output.contains(is_control), "{output:?}");
}

/// A site with a registration of that address. Returns the printed mail.
async fn site() -> (Site, String) {
    let site = Site::with_settings("");
    let server = site.serve();
    assert_done(&server.mutate(&register(STRANGE, PASSWORD).with("username", "strange")).await);
    let mail = server.mail();
    assert_eq!(server.terminate().status, Some(0));
    (site, mail)
}

#[tokio::test]
async fn control_characters_in_an_address_are_not_printed() {
    let (site, mail) = site().await;
    assert_no_controls(&mail);
    assert!(mail.contains(&format!("To: {HARMLESS}\nSubject: Activate ")), "{mail}");
    for arguments in [
        &["mail", "list"][..],
        &["mail", "show", "1"],
        &["user", "list"],
        &["user", "verify", "1"],
        &["user", "staff", "1"],
        &["user", "logout", "1"],
        &["user", "deactivate", "1"],
        &["audit", "list"],
    ] {
        let output = site.run(arguments).done();
        assert_no_controls(&output);
        assert!(output.contains(HARMLESS), "{arguments:?}: {output}");
    }
    let shown = site.run(["mail", "show", "1"]).done();
    let body = |mail: &str| mail.split_once("\n\n").expect("a head and a body").1.trim_end().to_owned();
    assert!(body(&mail).lines().count() > 5 && body(&shown) == body(&mail), "{shown}\n{mail}");

    site.run(["user", "create", "--email", "bo@example.org", "--username", "1", "--verified"]).done();
    let refused = site.run(["user", "show", "1"]).refused(1);
    assert_no_controls(&refused);
    assert!(refused.contains(HARMLESS), "{refused}");
}

#[test]
fn bidirectional_controls_in_a_name_are_not_printed() {
    let site = Site::with_settings("");
    let name = "\u{202e}eve\u{2028}\u{2067}";
    site.run(["user", "create", "--email", "eve@example.org", "--username", name]).done();
    let listed = site.run(["user", "list"]).done();
    assert!(listed.contains("eve@example.org   eve  "), "{listed}");
    for arguments in [&["user", "list", "--json"][..], &["user", "show", "1", "--json"]] {
        let printed = site.run(arguments).done();
        assert!(!printed.contains(['\u{202e}', '\u{2028}', '\u{2067}']), "{printed:?}");
        let shown: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(shown.get(0).unwrap_or(&shown)["username"], name);
    }
}

#[tokio::test]
async fn json_output_escapes_control_characters_in_addresses() {
    let (site, _) = site().await;
    for (command, member) in [("mail", "recipient"), ("user", "email"), ("audit", "email")] {
        let printed = site.run([command, "list", "--json"]).done();
        assert_no_controls(&printed);
        let listed: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(listed[0][member], STRANGE, "{command}");
    }
    let printed = site.run(["user", "show", "1", "--json"]).done();
    assert_no_controls(&printed);
    let shown: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(shown["email"], STRANGE);
    assert_no_controls(&site.run(["user", "show", "1"]).done());
}
