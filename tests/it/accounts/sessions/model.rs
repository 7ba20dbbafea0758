//! Random sequences of actions give the sessions that a simple model predicts.
//!
//! The test calls the rules directly. `SESSION_STEPS=100000 cargo test --test it model` runs more than the usual thousand
//! steps.

mod reference;

use std::time::Duration;

use pledge4future_auth::accounts::admin::{self, Creation};
use pledge4future_auth::accounts::login::{self, Name, PasswordLogin};
use pledge4future_auth::accounts::sessions;
use pledge4future_auth::accounts::{AccountId, cleanup, password, refresh, secondary_email};
use pledge4future_auth::app::App;
use pledge4future_auth::clock::{Clock, Timestamp};
use pledge4future_auth::config;
use pledge4future_auth::error::{Error, Result};
use pledge4future_auth::random::Random;
use pledge4future_auth::security::authentication;
use pledge4future_auth::security::reauthentication::Proof;
use pledge4future_auth::security::{Client, Viewer};
use pledge4future_auth::store;
use pledge4future_auth::store::accounts::Role;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::support::person::{OTHER_PASSWORD, PASSWORD};
use reference::{Lifetimes, Model};

const PEOPLE: usize = 2;
const STEPS_IN_A_ROW: usize = 250;
const HOUR: u64 = 3600;

/// What a person does. Session 0 is the newest session, and age 0 the newest token of a session. Older tokens were
/// consumed or replaced, or their reply was lost.
#[derive(Debug, Clone)]
enum Action {
    LogIn { times: usize },
    Refresh { session: usize, age: usize },
    RevokeToken { session: usize, age: usize },
    Revoke { session: usize },
    RevokeAll { session: usize },
    LogOut,
    ChangePassword { session: usize },
    SwapAddresses { session: usize },
    Wait(Duration),
    Cleanup,
}

fn actions() -> impl Strategy<Value = Vec<(usize, Action)>> {
    let recent = || prop_oneof![6 => Just(0_usize), 2 => Just(1), 2 => 0..4_usize, 1 => 0..60_usize];
    let wait = prop_oneof![
        3 => 0..70_000_000_u64,
        2 => (59..62_u64).prop_map(|seconds| seconds * 1_000_000),
        2 => (0..30 * HOUR).prop_map(|seconds| seconds * 1_000_000),
        1 => (0..8 * 24 * HOUR).prop_map(|seconds| seconds * 1_000_000),
    ];
    let action = prop_oneof![
        10 => Just(Action::LogIn { times: 1 }),
        1 => (1..60_usize).prop_map(|times| Action::LogIn { times }),
        50 => (recent(), recent()).prop_map(|(session, age)| Action::Refresh { session, age }),
        2 => (recent(), recent()).prop_map(|(session, age)| Action::RevokeToken { session, age }),
        4 => recent().prop_map(|session| Action::Revoke { session }),
        1 => recent().prop_map(|session| Action::RevokeAll { session }),
        1 => Just(Action::LogOut),
        2 => recent().prop_map(|session| Action::ChangePassword { session }),
        2 => recent().prop_map(|session| Action::SwapAddresses { session }),
        25 => wait.prop_map(|micros| Action::Wait(Duration::from_micros(micros))),
        3 => Just(Action::Cleanup),
    ];
    proptest::collection::vec((0..PEOPLE, action), STEPS_IN_A_ROW)
}

/// The program and the model.
struct World {
    app: App,
    accounts: Vec<AccountId>,
    passwords: Vec<&'static str>,
    model: Model,
    _folder: TempDir,
}

impl World {
    fn new(lifetimes: Lifetimes) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let Lifetimes { access, refresh } = lifetimes;
        let text = format!(
            "data_dir = {:?}\nmail.notices = false\npasswords.memory = \"8 KiB\"\npasswords.iterations = 1\n\
             tokens.access_lifetime = \"{} seconds\"\ntokens.refresh_lifetime = \"{} seconds\"\n",
            folder.path(),
            access.as_secs(),
            refresh.as_secs()
        );
        let config = config::load_text(&text).expect("a valid configuration").config;
        let start = Timestamp::from_micros(1_772_366_400_123_456);
        let app = App::open(config, Clock::manual(start), Random::seeded(7)).expect("a data folder");
        app.store.migrate().expect("a database");
        let accounts = (0..PEOPLE).map(|person| account(&app, person)).collect();
        Self {
            app,
            accounts,
            passwords: vec![PASSWORD; PEOPLE],
            model: Model::new(PEOPLE, lifetimes),
            _folder: folder,
        }
    }

    fn apply(&mut self, who: usize, action: &Action) {
        let now = self.app.clock.now();
        match *action {
            Action::LogIn { times } => (0..times).for_each(|_| self.log_in(who)),
            Action::Refresh { session, age } => {
                let Some(token) = self.model.refresh_token(who, session, age) else { return };
                let answer = refresh::refresh(&self.app, &Viewer::default(), &self.model.text_of(token));
                let expected = self.model.refresh(token, now);
                if let Some(tokens) = expect(answer, expected, "refresh") {
                    self.model.issue(who, &tokens, Some(token), now);
                }
            }
            Action::RevokeToken { session, age } => {
                let Some(token) = self.model.refresh_token(who, session, age) else { return };
                let answer =
                    sessions::revoke_by_token(&self.app, &Viewer::default(), &self.model.text_of(token));
                expect(answer, self.model.revoke_token(token), "revoke a token");
            }
            Action::Revoke { session } => {
                let (viewer, id) = (self.viewer(who, 0), self.model.session_id(who, session));
                let expected = self.model.accepts_newest(who, 0, now) && self.model.exists(who, &id);
                if expect(sessions::revoke(&self.app, &viewer, &id), expected, "revoke").is_some() {
                    self.model.end(&id);
                }
            }
            Action::RevokeAll { session } => {
                let answer = sessions::revoke_all(&self.app, &self.viewer(who, session));
                if expect(answer, self.model.accepts_newest(who, session, now), "revoke all").is_some() {
                    self.model.end_all(who);
                }
            }
            Action::LogOut => {
                expect(admin::log_out(&self.app, &address(who)), true, "log out");
                self.model.end_all(who);
            }
            Action::ChangePassword { session } => {
                let new = if self.passwords[who] == PASSWORD { OTHER_PASSWORD } else { PASSWORD };
                let viewer = self.viewer(who, session);
                let answer = password::change(&self.app, &viewer, self.proof(who), [new, new]);
                let expected = self.model.accepts_newest(who, session, now);
                if let Some(tokens) = expect(answer, expected, "change the password") {
                    self.passwords[who] = new;
                    self.model.end_all(who);
                    self.model.issue(who, &tokens, None, now);
                }
            }
            Action::SwapAddresses { session } => {
                let answer = secondary_email::swap(&self.app, &self.viewer(who, session), self.proof(who));
                if expect(answer, self.model.accepts_newest(who, session, now), "swap").is_some() {
                    self.model.begin_epoch(who);
                }
            }
            Action::Wait(time) => self.app.clock.advance(time),
            Action::Cleanup => {
                while cleanup::cleanup(&self.app).expect("a cleanup") > 0 {}
                self.model.cleanup(now);
            }
        }
    }

    fn proof(&self, who: usize) -> Proof<'static> {
        Proof::Password { password: self.passwords[who], code: None }
    }

    fn log_in(&mut self, who: usize) {
        let name = Name { email: Some(address(who)), username: None };
        let login = PasswordLogin { name: &name, password: self.passwords[who], code: None };
        let answer = login::log_in(&self.app, &Viewer::anonymous(Client::default()), login);
        let login = expect(answer, true, "log in").expect("a login");
        self.model.issue(who, &login.tokens, None, self.app.clock.now());
    }

    /// Returns a viewer with the newest access token of a session, which may be invalid.
    fn viewer(&self, who: usize, session: usize) -> Viewer {
        self.model
            .access_token(who, session)
            .map_or_else(Viewer::default, |token| Viewer::default().with_token(&token))
    }

    /// Asserts that the program and the model have the same sessions and valid tokens.
    fn check(&self) {
        let now = self.app.clock.now();
        let read = self.app.store.read(|db| -> Result<()> {
            for (who, account) in self.accounts.iter().enumerate() {
                let live = store::sessions::list_live(db, *account, now)?;
                let live: Vec<_> =
                    live.into_iter().map(|it| (it.id, it.last_use.at, it.last_use.expires_at)).collect();
                assert_eq!(live, self.model.live(who, now), "the live sessions of {who}");
                for token in self.model.recent_access_tokens(who) {
                    let viewer = Viewer::default().with_token(&token.text);
                    let opened =
                        authentication::caller(&self.app, db, &viewer)?.account.map(|opened| opened.id);
                    let expected = self.model.open(who, token, now).then_some(*account);
                    assert_eq!(opened, expected, "an access token of {who}");
                }
            }
            Ok(())
        });
        expect(read, true, "read");
    }
}

fn address(who: usize) -> String {
    format!("person{who}@example.org")
}

fn account(app: &App, who: usize) -> AccountId {
    let password = Some(PASSWORD.to_owned());
    let new = Creation { email: address(who), is_verified: true, password, ..Creation::default() };
    let account = expect(admin::create(app, &new), true, "create an account").expect("an account");
    let second = format!("second{who}@example.org");
    let given = app
        .store
        .write(|tx| store::accounts::insert_email(tx, account.id, &second, &second, Role::Secondary));
    assert!(matches!(given, Ok(true)));
    account.id
}

/// Asserts whether a rule succeeds. Returns its value.
fn expect<T>(answer: Result<T>, expected: bool, what: &str) -> Option<T> {
    match answer {
        Ok(value) => {
            assert!(expected, "{what}: succeeded and should have been refused");
            Some(value)
        }
        Err(Error::Refused(errors)) => {
            assert!(!expected, "{what}: was refused ({errors:?}) and should have succeeded");
            None
        }
        Err(Error::BadRequest(sentence)) => panic!("{what}: {sentence}"),
        Err(Error::Unavailable(unavailable)) => panic!("{what}: {}", unavailable.sentence),
        Err(Error::OutcomeUnknown) => panic!("{what}: the outcome is unknown"),
        Err(Error::Internal(error)) => panic!("{what}: {error:#}"),
    }
}

fn lifetimes() -> impl Strategy<Value = Lifetimes> {
    let lifetimes = |access, refresh| {
        let (access, refresh) = (Duration::from_secs(access), Duration::from_secs(refresh));
        Just(Lifetimes { access, refresh })
    };
    prop_oneof![lifetimes(24 * HOUR, 7 * 24 * HOUR), lifetimes(24 * HOUR, 2 * HOUR)]
}

#[test]
fn random_actions_give_the_sessions_of_the_model() {
    let steps =
        std::env::var("SESSION_STEPS").map_or(1000, |steps| steps.parse().expect("a number of steps"));
    let cases = u32::try_from(steps / STEPS_IN_A_ROW).expect("not too many steps").max(1);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(lifetimes(), actions()), |(lifetimes, actions)| {
        let mut world = World::new(lifetimes);
        for (who, action) in &actions {
            world.apply(*who, action);
            world.check();
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.err().map(|error| error.to_string()).unwrap_or_default());
}
