//! Compares this server with the replies recorded from the Django original. `tests/conformance/README.md` describes the
//! format.

mod matching;
mod mint;
mod reply;
mod run;
mod scenario;
mod sending;
mod template;

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::SEED;
use crate::support::server::TestServer;
use run::play;
use scenario::Scenario;

macro_rules! areas {
    ($($area:literal => $test:ident,)*) => {
        const AREAS: &[&str] = &[$($area),*];

        $(
            #[tokio::test]
            async fn $test() {
                assert_area($area).await;
            }
        )*
    };
}

areas! {
    "archive-account" => the_recorded_replies_of_archive_account_hold,
    "delete-account" => the_recorded_replies_of_delete_account_hold,
    "graphql" => the_recorded_replies_to_graphql_documents_hold,
    "http" => the_recorded_replies_to_http_requests_hold,
    "introspection" => the_recorded_replies_to_introspection_hold,
    "jwt" => the_recorded_replies_to_access_tokens_hold,
    "library-defaults" => the_recorded_replies_under_library_defaults_hold,
    "login" => the_recorded_replies_of_login_hold,
    "mail" => the_recorded_mails_hold,
    "mail-down" => the_recorded_replies_without_a_mail_server_hold,
    "me" => the_recorded_replies_of_me_hold,
    "password-change" => the_recorded_replies_of_password_change_hold,
    "password-reset" => the_recorded_replies_of_password_reset_hold,
    "password-set" => the_recorded_replies_of_password_set_hold,
    "passwordless" => the_recorded_replies_to_registering_without_a_password_hold,
    "refresh-token" => the_recorded_replies_of_refresh_token_hold,
    "register" => the_recorded_replies_of_register_hold,
    "relay" => the_recorded_replies_of_relay_hold,
    "resend-activation" => the_recorded_replies_of_resend_activation_hold,
    "revoke-token" => the_recorded_replies_of_revoke_token_hold,
    "secondary-email" => the_recorded_replies_of_secondary_email_hold,
    "short-lifetimes" => the_recorded_replies_under_short_lifetimes_hold,
    "update-account" => the_recorded_replies_of_update_account_hold,
    "user-node" => the_recorded_replies_of_user_and_node_hold,
    "users" => the_recorded_replies_of_users_hold,
    "verify-account" => the_recorded_replies_of_verify_account_hold,
    "verify-token" => the_recorded_replies_of_verify_token_hold,
    "walkthrough" => the_recorded_walkthrough_holds,
    "working-groups" => the_recorded_replies_of_working_groups_hold,
}

#[test]
fn every_recorded_area_is_tested() {
    let folder = std::fs::read_dir(path("")).expect("tests/conformance can be listed");
    let recorded = folder
        .map(|entry| entry.expect("an entry of tests/conformance can be read").path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
        .map(|file| file.file_stem().expect("a file has a name").to_string_lossy().into_owned())
        .filter(|name| name != "differences");
    let untested: Vec<String> = recorded.filter(|name| !AREAS.contains(&name.as_str())).collect();
    assert!(untested.is_empty(), "no test runs {untested:?}");
}

#[test]
fn every_difference_names_a_recorded_scenario() {
    let scenarios: Vec<Scenario> = AREAS.iter().flat_map(|area| scenarios(area)).collect();
    let unknown: Vec<String> = differences()
        .into_keys()
        .filter(|name| !scenarios.iter().any(|scenario| scenario.name == *name))
        .collect();
    assert!(unknown.is_empty(), "differences.json names unknown scenarios: {unknown:?}");
}

#[test]
fn the_documents_name_every_difference() {
    let documents = read("../../docs/differences.md");
    let unnamed: Vec<String> =
        differences().into_keys().filter(|name| !documents.contains(&format!("`{name}`"))).collect();
    assert!(unnamed.is_empty(), "docs/differences.md does not name {unnamed:?}");
}

/// Plays the scenarios of an area against one server. Panics with a line for each unexpected result.
async fn assert_area(area: &str) {
    let (scenarios, differences) = (scenarios(area), differences());
    let server = TestServer::start(&settings(&scenarios[0].profile)).await;
    server.import(SEED);

    let mut unexpected = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let name = &scenario.name;
        match (play(&server, scenario, index).await, differences.contains_key(name)) {
            (Ok(()), false) | (Err(_), true) => {}
            (Ok(()), true) => {
                unexpected.push(format!("{name}: passes, so its entry in differences.json is outdated"));
            }
            (Err(problem), false) => unexpected.push(format!("{name}: {problem:#}")),
        }
    }
    server.ignore_mail();
    assert!(
        unexpected.is_empty(),
        "{} of {} scenarios of {area}:\n{}",
        unexpected.len(),
        scenarios.len(),
        unexpected.join("\n")
    );
}

fn settings(profile: &str) -> String {
    // This server sends mail after the reply, so a missing mail server does not change the reply.
    let profile = if profile == "mail-down" { "wepledge" } else { profile };
    read(&format!("{profile}.toml"))
}

/// Returns the scenarios of an area, which have the same profile.
fn scenarios(area: &str) -> Vec<Scenario> {
    let file = format!("{area}.json");
    let scenarios: Vec<Scenario> =
        serde_json::from_str(&read(&file)).unwrap_or_else(|problem| panic!("{file}: {problem}"));
    let profile = &scenarios[0].profile;
    assert!(scenarios.iter().all(|scenario| scenario.profile == *profile), "{file} mixes profiles");
    scenarios
}

/// Returns the scenarios in which this server differs, with the reasons.
fn differences() -> BTreeMap<String, String> {
    serde_json::from_str(&read("differences.json")).expect("differences.json holds a string for each name")
}

fn read(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name)
}
