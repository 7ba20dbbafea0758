//! A Django site with accounts in every state. It is filled through its own API, and directly where the API has no way.

use regex::Regex;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::groups::{answer, create, request};
use crate::support::SEED;
use crate::support::api::Api;
use crate::support::django::{DjangoServing, DjangoSite};
use crate::support::mutation::{
    archive_account, log_in, refresh_token, register, request_reset, request_secondary_email, revoke_token,
    verify_account, verify_secondary_email,
};
use crate::support::person::{Person, assert_done};

/// Institutions of the seed.
const ZURICH: &str = "2c3e7a9b-0d41-4f7e-b1c2-6e8d4f1a9b03";
const SANTIAGO: &str = "4a9c2e3d-8f71-4d46-bae5-1c6d7f809b05";

/// What the owner of an account sees of it. The ids of accounts are left out: an import gives new ones.
const ME: &str = "{ me { email username firstName lastName isStaff isActive isRepresentative dateJoined lastLogin \
    verified archived secondaryEmail workingGroup { id name } } }";

/// What a representative sees. Everybody in a group has an academic title, because the original cannot show an empty one.
const GROUPS: &str = "{
    me { academicTitle workinggroup { id name isPublic nEmployees institution { id name city state country }
        field { id field subfield } representative { email }
        customuserSet { email academicTitle isRepresentative firstName lastName } } }
    workinggroups { id name representative { email } customuserSet { email } }
    workinggroupUsers { email isRepresentative }
    joinRequests { id status timestamp user { email } workingGroup { id } }
    institutions { id name city state country }
    researchfields { id field subfield }
}";

/// What Django issued, and how its API described the site in the end.
pub struct Filled {
    pub dump: String,
    pub sqlite_file: Vec<u8>,
    /// Accounts that are verified and active.
    pub people: Vec<Account>,
    /// The replies to the queries of [`seen_groups`].
    pub groups: Value,
    pub access_token_of_deactivated: String,
    pub refresh_tokens: RefreshTokens,
    pub mailed: MailedTokens,
}

pub struct Account {
    pub person: Person,
    pub password: String,
    /// The reply to the query of [`seen_account`].
    pub seen: Value,
}

pub struct RefreshTokens {
    /// These are of one account, and were never exchanged.
    pub live: Vec<String>,
    /// Django accepts a token that it exchanged.
    pub rotated: String,
    pub revoked: String,
    pub of_archived: String,
    pub of_deactivated: String,
}

/// Tokens in mails that nobody has followed.
pub struct MailedTokens {
    /// For `cy`.
    pub activation: String,
    /// For `ida`.
    pub reset: String,
    /// For `hal`, with the address `hal@second.example.org`.
    pub secondary: String,
}

pub fn address(name: &str) -> String {
    format!("{name}@example.org")
}

pub fn password(name: &str) -> String {
    format!("Gezeiten-\u{9be8}-{name}-41")
}

impl Filled {
    pub fn account(&self, name: &str) -> &Account {
        let mut people = self.people.iter();
        people.find(|account| account.person.email == address(name)).unwrap_or_else(|| panic!("no {name}"))
    }
}

/// Returns what a site with whole numbers as keys of users was filled with. All tests share it. Returns `None` without
/// Django.
pub async fn filled() -> Option<&'static Filled> {
    static FILLED: OnceCell<Filled> = OnceCell::const_new();
    // A failure is not stored: each test prints why it is skipped.
    let filled = FILLED.get_or_try_init(async || Ok::<_, ()>(fill(&DjangoSite::empty().ok_or(())?).await));
    filled.await.ok()
}

pub async fn fill(site: &DjangoSite) -> Filled {
    let mut seed: Value = serde_json::from_str(SEED).expect("JSON");
    seed["users"] = json!([]);
    site.load_seed(&seed);
    let server = site.serve();
    let api = server.api();

    let mut people = Vec::new();
    for (name, first_name, last_name, title) in [
        ("ada", "\u{c5}sa", "\u{c5}ngstr\u{f6}m-\u{160}imek", "PROF"),
        ("bo", "\u{535a}", "\u{738b}", "DR"),
        ("dee", "Dee", "O'Neill \"the <b>\"", "DR"),
        ("eve", "Eve", "", "DR"),
        ("fay", "", "", "PROF"),
        ("gus", "Gus", "Root", "PROF"),
        ("hal", "Hal", "Pending", "DR"),
        ("ida", "Ida", "Reset", "DR"),
        ("jon", "Jon", "Private", "PROF"),
        ("kim", "Kim", "Sha1", "DR"),
        ("lea", "L\u{e9}a", "Argon", "DR"),
        ("max", "Max", "Bcrypt", "DR"),
    ] {
        let form = register(&address(name), &password(name)).with("username", format!("{name} \u{fc}/?"));
        let form = form.with("firstName", first_name).with("lastName", last_name);
        assert_done(&api.mutate(None, &form.with("academicTitle", title)).await);
        verify(&server, name).await;
        people.push((name, log_in_again(api, name).await));
    }
    let person = |name: &str| people.iter().find(|(known, _)| *known == name).expect("a person").1.clone();
    let of = |name: &str| person(name).token;

    let public = create_group(api, &of("ada"), "Gezeiten & \u{6ce2}", ZURICH, true).await;
    let private = create_group(api, &of("jon"), "L\u{ed}mites", SANTIAGO, false).await;
    join(api, &of("bo"), &of("ada"), &public, Some(true)).await;
    join(api, &of("ida"), &of("ada"), &public, Some(false)).await;
    join(api, &of("hal"), &of("ada"), &public, None).await;
    join(api, &of("lea"), &of("jon"), &private, Some(true)).await;

    let spare = address("bo.spare");
    assert_done(&api.mutate(Some(&of("bo")), &request_secondary_email(&spare, &password("bo"))).await);
    assert_done(&api.mutate(None, &verify_secondary_email(&server.mailed_token(&spare))).await);
    let refresh_tokens = exchange(api, &person).await;
    assert_done(&api.mutate(Some(&of("dee")), &archive_account(&password("dee"))).await);
    let mailed = mail(&server, &of("hal")).await;

    site.load_seed(&direct_changes());
    let mut accounts = Vec::new();
    for (name, person) in &people {
        if *name != "eve" {
            let seen = seen_account(api, &person.token).await;
            accounts.push(Account { person: person.clone(), password: password(name), seen });
        }
    }
    Filled {
        groups: seen_groups(api, &of("ada"), &of("jon")).await,
        dump: site.dump(),
        sqlite_file: std::fs::read(site.sqlite_file()).expect("an SQLite file"),
        people: accounts,
        access_token_of_deactivated: of("eve"),
        refresh_tokens,
        mailed,
    }
}

/// States that accounts do not reach through the API. A hash of another hasher is replaced by Django at the next login, so
/// nobody may log in after this.
fn direct_changes() -> Value {
    let hashed = |name: &str, hasher: &str| json!({ "email": address(name), "plain": password(name), "hasher": hasher });
    json!({ "users": [
        { "email": address("eve"), "is_active": false },
        { "email": address("fay"), "is_staff": true },
        { "email": address("gus"), "is_staff": true, "is_superuser": true, "last_login": "2026-03-01T08:00:00.123456Z" },
        hashed("kim", "PBKDF2SHA1PasswordHasher"),
        hashed("lea", "Argon2PasswordHasher"),
        hashed("max", "BCryptSHA256PasswordHasher"),
        { "email": address("noa"), "username": "noa", "password": "!4bXGrT9wQeKJ2nVd8sYpLmZc0uHfAa1R6iEoTxNk",
          "status": { "verified": true, "archived": true } },
        { "email": address("ole"), "username": "ole", "plain": password("ole"), "status": null },
    ] })
}

async fn verify(server: &DjangoServing, name: &str) {
    let token = server.mailed_token(&address(name));
    assert_done(&server.api().mutate(None, &verify_account(&token)).await);
}

pub async fn log_in_again(api: &Api, name: &str) -> Person {
    let form = log_in(&address(name), &password(name)).select("success errors token refreshToken");
    Person::new(&address(name), &api.mutate(None, &form).await)
}

async fn create_group(api: &Api, token: &str, name: &str, institution: &str, is_public: bool) -> String {
    let payload = api.mutate(Some(token), &create(name, institution, is_public)).await;
    payload["workinggroup"]["id"].as_str().expect("an id").to_owned()
}

/// Requests to join a group. The representative answers, if there is an answer.
async fn join(api: &Api, token: &str, representative: &str, group: &str, is_approved: Option<bool>) {
    let payload = api.mutate(Some(token), &request(group)).await;
    let request = payload["joinRequest"]["id"].as_str().expect("an id");
    if let Some(is_approved) = is_approved {
        let payload = api.mutate(Some(representative), &answer(request, is_approved)).await;
        assert_eq!(payload["success"], true, "{payload}");
    }
}

async fn exchange(api: &Api, person: &impl Fn(&str) -> Person) -> RefreshTokens {
    let rotated = person("ada").refresh_token;
    let exchange = refresh_token(&rotated).select("success errors token refreshToken");
    let exchanged = Person::new(&address("ada"), &api.mutate(None, &exchange).await);
    let revoked = person("bo").refresh_token;
    assert_done(&api.mutate(None, &revoke_token(&revoked)).await);
    RefreshTokens {
        live: vec![exchanged.refresh_token, log_in_again(api, "ada").await.refresh_token],
        rotated,
        revoked,
        of_archived: person("dee").refresh_token,
        of_deactivated: person("eve").refresh_token,
    }
}

async fn mail(server: &DjangoServing, token_of_hal: &str) -> MailedTokens {
    let api = server.api();
    assert_done(&api.mutate(None, &register(&address("cy"), &password("cy")).with("username", "cy")).await);
    assert_done(&api.mutate(None, &request_reset(&address("ida"))).await);
    let second = "hal@second.example.org";
    assert_done(&api.mutate(Some(token_of_hal), &request_secondary_email(second, &password("hal"))).await);
    MailedTokens {
        activation: server.mailed_token(&address("cy")),
        reset: server.mailed_token(&address("ida")),
        secondary: server.mailed_token(second),
    }
}

/// Returns what the owner of an access token sees of the account.
pub async fn seen_account(api: &Api, token: &str) -> Value {
    normalized(api.query(Some(token), ME).await)
}

/// Returns what the representatives of both groups see.
pub async fn seen_groups(api: &Api, representative: &str, other: &str) -> Value {
    normalized(json!([api.query(Some(representative), GROUPS).await, api.query(Some(other), GROUPS).await]))
}

/// Returns a reply with its lists sorted, and with times to the millisecond, as `dumpdata` writes them.
fn normalized(mut reply: Value) -> Value {
    fn normalize(value: &mut Value, time: &Regex) {
        match value {
            Value::Array(entries) => {
                for entry in entries.iter_mut() {
                    normalize(entry, time);
                }
                entries.sort_by_key(Value::to_string);
            }
            Value::Object(fields) => {
                for field in fields.values_mut() {
                    normalize(field, time);
                }
            }
            Value::String(text) => {
                if let Some(found) = time.captures(text) {
                    let millis = found.get(2).map_or("000", |millis| millis.as_str());
                    *text = format!("{}.{millis}{}", &found[1], &found[3]);
                }
            }
            _ => {}
        }
    }
    let time = Regex::new(r"^(\S+T\d\d:\d\d:\d\d)(?:\.(\d{3})\d{3})?(\+00:00)$").expect("a pattern");
    normalize(&mut reply, &time);
    reply
}
