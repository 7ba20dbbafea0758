//! `user invite`, `user invitations` and `user revoke-invitation`.

use serde_json::{Value, json};

use crate::support::mutation::register;
use crate::support::person::{PASSWORD, assert_done, assert_refused};
use crate::support::program::Site;

const GROUP: &str = "7d5a33dd-3ac4-4d85-a8a2-c5d8ab3a5b11";

const SETTINGS: &str = "accounts.registration = \"invited\"\nmail.transport = \"file\"\n";

fn site() -> Site {
    let site = Site::with_settings(SETTINGS);
    let file = json!({
        "researchfields": [{ "id": 101, "field": "Natural sciences", "subfield": "Mathematics" }],
        "users": [{ "email": "ada@example.org", "username": "ada", "password": "!", "status": { "verified": true } }],
        "workinggroups": [{
            "id": GROUP, "name": "Tides", "institution": null, "researchfield": 101, "n_employees": 3,
            "is_public": true, "representative": "ada@example.org",
        }],
    });
    site.write("file.json", file.to_string());
    site.run(["import", "file.json"]).done();
    site
}

fn listed(site: &Site) -> Vec<Value> {
    serde_json::from_str(&site.run(["user", "invitations", "--json"]).done()).expect("JSON")
}

/// Returns the token in the newest mail.
fn mailed_token(site: &Site) -> String {
    let mails: Vec<Value> = serde_json::from_str(&site.run(["mail", "list", "--json"]).done()).expect("JSON");
    let id = mails.iter().filter_map(|mail| mail["id"].as_i64()).max().expect("a mail").to_string();
    let mail = site.run(["mail", "show", &id]).done();
    let (_, token) = mail.split_once("/invitation/").expect("a link");
    token[..64].to_owned()
}

#[tokio::test]
async fn an_operator_invites_an_address_into_a_group() {
    let site = site();
    assert_eq!(site.run(["user", "invitations"]).done(), "There are no invitations.\n");
    let invited = site.run(["user", "invite", "bo@example.org", "--group", "7d5a"]).done();
    let id = invited.trim().strip_prefix("bo@example.org invited into the working group Tides: ");
    let id = id.expect("the id of the invitation").to_owned();
    let invitations = listed(&site);
    assert_eq!(invitations.len(), 1);
    assert_eq!((&invitations[0]["id"], &invitations[0]["email"]), (&json!(id), &json!("bo@example.org")));
    assert_eq!(
        (&invitations[0]["working_group"], &invitations[0]["invited_by"]),
        (&json!(GROUP), &json!(null))
    );
    let line = site.run(["user", "invitations"]).done();
    assert!(line.starts_with(&id) && line.ends_with("bo@example.org  by operator  Tides\n"), "{line}");

    let token = mailed_token(&site);
    let server = site.serve();
    let register = register("bo@example.org", PASSWORD);
    assert_refused(&server.mutate(&register).await, "email", "registration_by_invitation");
    assert_done(&server.mutate(&register.with("invitation", token)).await);
    assert_eq!(listed(&site), [] as [Value; 0]);
    let bo: Value =
        serde_json::from_str(&site.run(["user", "show", "bo@example.org", "--json"]).done()).expect("JSON");
    assert_eq!(bo["working_group"], GROUP);
}

#[tokio::test]
async fn an_operator_revokes_an_invitation() {
    let site = site();
    let invited = site.run(["user", "invite", "bo@example.org"]).done();
    let (_, id) = invited.trim().split_once("bo@example.org invited: ").expect("the id of the invitation");
    let token = mailed_token(&site);
    let revoke = ["user", "revoke-invitation", id];
    assert_eq!(site.run(revoke).done(), "invitation of bo@example.org revoked\n");
    let refused = site.run(revoke).refused(1);
    assert_eq!(refused, format!("invitation {id} was not revoked: There is no such invitation."));
    let server = site.serve();
    let register = register("bo@example.org", PASSWORD).with("invitation", token);
    assert_refused(&server.mutate(&register).await, "invitation", "invalid_invitation");
    let audit = site.run(["audit", "list"]).done();
    assert!(audit.contains("invited") && audit.contains("invitation_revoked"), "{audit}");
    // The mail is about no account, but contains a link.
    let shown = audit.lines().find(|line| line.contains("mail_shown")).expect("the event");
    assert!(shown.contains("no account  by operator"), "{shown}");
}

#[test]
fn an_invitation_to_no_address_or_group_is_refused() {
    let site = site();
    let refused = site.run(["user", "invite", "nothing"]).refused(1);
    assert_eq!(refused, "nobody was invited: Enter a valid email address.");
    let refused = site.run(["user", "invite", "bo@example.org", "--group", "0000"]).refused(1);
    assert!(refused.starts_with("nobody was invited: no working group has the id \"0000\""), "{refused}");
    assert_eq!(listed(&site), [] as [Value; 0]);
}
