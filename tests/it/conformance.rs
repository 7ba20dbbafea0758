//! The replies recorded from the Django original, held against this server; the format is told in
//! `tests/conformance/README.md`.

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
                hold($area).await;
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
    assert!(unknown.is_empty(), "differences.json names no scenario with {unknown:?}");
}

#[test]
fn the_documents_name_every_difference() {
    let documents = read("../../docs/differences.md");
    let unnamed: Vec<String> =
        differences().into_keys().filter(|name| !documents.contains(&format!("`{name}`"))).collect();
    assert!(unnamed.is_empty(), "docs/differences.md says nothing of {unnamed:?}");
}

/// Runs an area against one server and panics with a line for each scenario that surprises.
async fn hold(area: &str) {
    let (scenarios, differences) = (scenarios(area), differences());
    let server = TestServer::start(&settings(&scenarios[0].profile)).await;
    server.import(SEED);

    let mut surprises = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let name = &scenario.name;
        match (play(&server, scenario, index).await, differences.contains_key(name)) {
            (Ok(()), false) | (Err(_), true) => {}
            (Ok(()), true) => {
                surprises.push(format!("{name}: holds, its entry in differences.json is stale"));
            }
            (Err(problem), false) => surprises.push(format!("{name}: {problem:#}")),
        }
    }
    // A server that is dropped with mail undelivered fails its test.
    server.ignore_mail();
    assert!(
        surprises.is_empty(),
        "{} of {} scenarios of {area}:\n{}",
        surprises.len(),
        scenarios.len(),
        surprises.join("\n")
    );
}

/// The settings of a profile.
fn settings(profile: &str) -> String {
    // No setting makes this server fail as the original does without a mail server: mail leaves after the answer.
    let profile = if profile == "mail-down" { "wepledge" } else { profile };
    read(&format!("{profile}.toml"))
}

/// The scenarios of an area, all of one profile.
fn scenarios(area: &str) -> Vec<Scenario> {
    let file = format!("{area}.json");
    let scenarios: Vec<Scenario> =
        serde_json::from_str(&read(&file)).unwrap_or_else(|problem| panic!("{file}: {problem}"));
    let profile = &scenarios[0].profile;
    assert!(scenarios.iter().all(|scenario| scenario.profile == *profile), "{file} mixes profiles");
    scenarios
}

/// The scenarios this server does not follow, and why.
fn differences() -> BTreeMap<String, String> {
    serde_json::from_str(&read("differences.json")).expect("differences.json holds a text for each name")
}

fn read(name: &str) -> String {
    let path = path(name);
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name)
}
