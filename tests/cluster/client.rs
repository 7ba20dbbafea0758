//! A client that sends requests of several people and remembers what was acknowledged.

mod refreshes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::mutation;
use crate::people::{Done, Person, Revocation};
use crate::proxy::{Proxy, Reply, has_code, is_success};
use crate::servers::lock;
use crate::tokens::Tokens;
use crate::trial::Trial;

/// The pace of the load.
const MILLISECONDS_BETWEEN_REQUESTS: std::ops::Range<u64> = 20..120;
/// A person with so many sessions revokes one, because the server ends sessions beyond fifty.
const MAX_SESSIONS: usize = 20;
const TOKENS: &str = "success errors token refreshToken";

pub struct Client {
    number: usize,
    proxy: Proxy,
    random: StdRng,
    pub people: Vec<Person>,
}

impl Client {
    pub fn new(trial: &Arc<Trial>, number: usize, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self { number, proxy: Proxy::new(trial, number), random, people: Vec::new() }
    }

    /// Sends requests until the trial is over.
    pub async fn work(mut self, until: Instant) -> Self {
        while Instant::now() < until {
            self.act().await;
            let pause = self.random.random_range(MILLISECONDS_BETWEEN_REQUESTS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self
    }

    async fn act(&mut self) {
        let kind = self.random.random_range(0..100);
        let chosen = match kind {
            0..8 => None,
            8..20 => self.unverified(),
            20..30 => {
                self.choose(|person| person.verified == Done::Yes && person.sessions.len() < MAX_SESSIONS)
            }
            30..92 => self.choose(|person| !person.sessions.is_empty()),
            _ => self.choose(|person| person.sessions.len() > 1),
        };
        match (chosen, kind) {
            (None, _) => self.register().await,
            (Some(person), 8..20) => self.verify(person).await,
            (Some(person), 20..30) => self.log_in(person).await,
            (Some(person), _) if self.people[person].sessions.len() >= MAX_SESSIONS => {
                self.revoke(person).await;
            }
            (Some(person), 30..48) => self.query_me(person).await,
            (Some(person), 48..68) => self.rename(person).await,
            (Some(person), 68..84) => {
                let session = self.session(person);
                self.refresh(person, session).await;
            }
            (Some(person), 84..88) => self.refresh_after_lost_reply(person).await,
            (Some(person), 88..92) => self.refresh_in_parallel(person).await,
            (Some(person), _) => self.revoke(person).await,
        }
    }

    fn fault(&self, person: usize, what: &str, payload: &Value) {
        self.proxy.trial.fault(format!("{}: {what}: {payload}", self.people[person].email));
    }

    /// Returns a suitable person, more often a new one.
    fn choose(&mut self, fits: impl Fn(&Person) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.people.len()).filter(|person| fits(&self.people[*person])).collect();
        let newest = &all[all.len().saturating_sub(8)..];
        let among = if self.random.random_bool(0.7) { newest } else { &all };
        among.choose(&mut self.random).copied()
    }

    /// Returns a person who has the activation mail.
    fn unverified(&mut self) -> Option<usize> {
        let trial = Arc::clone(&self.proxy.trial);
        let links = lock(&trial.links);
        self.choose(|person| {
            let Person { registered, verified, email, .. } = person;
            (*registered, *verified) == (Done::Yes, Done::No) && links.contains_key(email)
        })
    }

    fn session(&mut self, person: usize) -> usize {
        self.random.random_range(0..self.people[person].sessions.len())
    }

    async fn register(&mut self) {
        let number = self.people.len();
        let email = format!("person{number}-of-{}@example.org", self.number);
        let password = format!("kelp-Forest-{:016x}", self.random.random::<u64>());
        let network = format!("10.{}.{}.{}", self.number, number / 250, 1 + number % 250);
        let request = mutation::register(&email, &password).body();
        self.people.push(Person::new(email, password, network.clone()));
        self.people[number].registered = match self.proxy.insist(&network, None, &request).await {
            None => Done::Maybe,
            Some(answer) if is_success(&answer.payload) => Done::Yes,
            Some(answer) if answer.unknown > 0 && has_code(&answer.payload, "unique") => {
                self.proxy.trial.counters.stored_unacknowledged.add(1);
                Done::Yes
            }
            Some(answer) => {
                self.fault(number, "a registration was rejected", &answer.payload);
                Done::Maybe
            }
        };
    }

    async fn verify(&mut self, person: usize) {
        let Person { email, network, .. } = &self.people[person];
        let link = lock(&self.proxy.trial.links).get(email).cloned().unwrap_or_default();
        let request = mutation::verify_account(&link).body();
        self.people[person].verified = match self.proxy.insist(network, None, &request).await {
            None => Done::Maybe,
            Some(answer) if is_success(&answer.payload) => Done::Yes,
            Some(answer)
                if answer.unknown > 0
                    && ["already_verified", "invalid_token"]
                        .iter()
                        .any(|code| has_code(&answer.payload, code)) =>
            {
                self.proxy.trial.counters.stored_unacknowledged.add(1);
                Done::Yes
            }
            Some(answer) => {
                self.fault(person, "an activation was rejected", &answer.payload);
                Done::Maybe
            }
        };
    }

    async fn log_in(&mut self, person: usize) {
        let Person { email, password, network, .. } = &self.people[person];
        let request = mutation::log_in(email, password).select(TOKENS).body();
        let Some(answer) = self.proxy.insist(network, None, &request).await else {
            self.people[person].unknown_logins += 100;
            return;
        };
        self.people[person].unknown_logins += answer.unknown;
        match Tokens::of(&answer.payload) {
            Some(tokens) if is_success(&answer.payload) => self.people[person].sessions.push(tokens),
            _ => self.fault(person, "a login was rejected", &answer.payload),
        }
    }

    async fn query_me(&mut self, person: usize) {
        let session = self.session(person);
        let Person { network, sessions, .. } = &self.people[person];
        let request = json!({ "query": "{ payload: me { email firstName verified } }" });
        let Reply::Answered(me) = self.proxy.send(network, Some(&sessions[session].token), &request).await
        else {
            return;
        };
        let Person { email, name, unacknowledged_names, .. } = &mut self.people[person];
        if me["email"] != *email || me["verified"] != true {
            self.fault(person, "`me` is somebody else", &me);
        } else if me["firstName"] != *name {
            let stored = unacknowledged_names.iter().position(|stored| me["firstName"] == **stored);
            let Some(stored) = stored else {
                let what = format!("`me` has neither the name {name:?} nor one of {unacknowledged_names:?}");
                return self.fault(person, &what, &me);
            };
            // Later ones remain, because they may still be stored.
            *name = unacknowledged_names.drain(..=stored).next_back().unwrap_or_default();
            self.proxy.trial.counters.stored_unacknowledged.add(1);
        }
    }

    async fn rename(&mut self, person: usize) {
        let session = self.session(person);
        self.people[person].names += 1;
        let Person { network, sessions, names, .. } = &self.people[person];
        let new = format!("Name{names}");
        let request = mutation::update_first_name(&new).body();
        match self.proxy.send(network, Some(&sessions[session].token), &request).await {
            Reply::Answered(payload) if is_success(&payload) => {
                self.people[person].name = new;
                self.people[person].unacknowledged_names.clear();
            }
            Reply::Answered(payload) => self.fault(person, "a new name was rejected", &payload),
            // A reply with 503 promises that the name is not stored.
            Reply::Unavailable => {}
            Reply::Unknown => self.people[person].unacknowledged_names.push(new),
        }
    }

    async fn revoke(&mut self, person: usize) {
        let session = self.session(person);
        let ends_session = self.random.random_bool(0.5);
        let Person { network, sessions, .. } = &self.people[person];
        let Tokens { session: id, token, refresh_token } = &sessions[session];
        let (token, request) = if ends_session {
            (Some(&**token), mutation::revoke_session(id))
        } else {
            (None, mutation::revoke_token(refresh_token))
        };
        let revoked = self.proxy.insist(network, token, &request.body()).await;
        let refresh = mutation::refresh_token(refresh_token).select(TOKENS).body();
        let Some(revoked) = revoked else { return self.forget(person, session) };
        let is_gone = ["unauthenticated", "not_found", "invalid_token"];
        let was_stored = revoked.unknown > 0 && is_gone.iter().any(|code| has_code(&revoked.payload, code));
        if was_stored {
            self.proxy.trial.counters.stored_unacknowledged.add(1);
        } else if !is_success(&revoked.payload) {
            self.fault(person, "a revocation was rejected", &revoked.payload);
            return self.forget(person, session);
        }
        if let Some(refreshed) = self.proxy.insist(network, None, &refresh).await
            && !has_code(&refreshed.payload, "invalid_token")
        {
            self.fault(person, "a revoked token was refreshed", &refreshed.payload);
        }
        let session = self.people[person].sessions.swap_remove(session).session;
        self.people[person].revocations.push(Revocation { session, ends_session });
    }
}
