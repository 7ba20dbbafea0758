//! A client that sends requests of several people and remembers what was acknowledged.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::mutation::{self, Mutation};
use crate::people::{Action, ActionKind, Counters, Pending, Person, Session};
use crate::program::TIMEOUT;
use crate::tokens::Tokens;
use crate::{POLL_INTERVAL, database_check};

/// A person with so many sessions changes the password, because the server ends sessions beyond fifty.
const MAX_SESSIONS: usize = 30;

pub struct Client {
    number: u32,
    http: reqwest::Client,
    endpoint: String,
    random: StdRng,
    mails: PathBuf,
    pub people: Vec<Person>,
    /// The request without a reply when the server was killed.
    pub pending: Option<Pending>,
    pub counters: Counters,
}

enum Failure {
    /// There was no complete reply.
    Unanswered(String),
    /// The reply was wrong.
    Fault(String),
}

impl Client {
    pub fn new(number: u32, seed: u64, mails: PathBuf) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build().expect("a client");
        Self {
            number,
            http,
            endpoint: String::new(),
            random: StdRng::seed_from_u64(seed),
            mails,
            people: Vec::new(),
            pending: None,
            counters: Counters::default(),
        }
    }

    /// Performs random actions until the server is killed.
    pub async fn work(&mut self, killed: &AtomicBool) -> Result<(), String> {
        while !killed.load(Ordering::SeqCst) {
            let (person, action) = self.choose();
            match self.attempt(person, &action).await? {
                Some(error) if !killed.load(Ordering::SeqCst) => {
                    return Err(format!(
                        "a request of {} got no reply from a running server: {error}",
                        self.people[person].email
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Performs an action. Returns the error if there was no reply.
    pub async fn attempt(&mut self, person: usize, action: &Action) -> Result<Option<String>, String> {
        self.pending = Some(Pending { person, action: action.clone() });
        match self.perform(person, action).await {
            Ok(()) => {
                self.pending = None;
                self.counters.count(action);
                Ok(None)
            }
            Err(Failure::Unanswered(error)) => Ok(Some(error)),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    /// Prepares a new person who can perform an action of this kind. Returns both.
    pub async fn prepare(&mut self, kind: ActionKind) -> Result<(usize, Action), String> {
        let (person, register) = self.unregistered().unwrap_or_else(|| self.newcomer());
        if matches!(kind, ActionKind::Register) {
            return Ok((person, register));
        }
        self.succeed(person, &register).await?;
        let began = Instant::now();
        while self.people[person].link.is_none() {
            if began.elapsed() > TIMEOUT {
                return Err(format!("{}: there is no activation mail", self.people[person].email));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
            self.people[person].link = database_check::find_link(&self.mails, &self.people[person].email);
        }
        if matches!(kind, ActionKind::Verify) {
            return Ok((person, Action::Verify));
        }
        self.succeed(person, &Action::Verify).await?;
        if matches!(kind, ActionKind::LogIn) {
            return Ok((person, Action::LogIn));
        }
        self.succeed(person, &Action::LogIn).await?;
        let refresh = (person, Action::Refresh(0));
        Ok(if matches!(kind, ActionKind::Refresh) { refresh } else { self.change(person) })
    }

    async fn succeed(&mut self, person: usize, action: &Action) -> Result<(), String> {
        let unanswered = self.attempt(person, action).await?;
        unanswered.map_or(Ok(()), |error| Err(format!("{}: no reply: {error}", self.people[person].email)))
    }

    /// Checks that the server knows everything that was acknowledged to active people and some idle ones.
    pub async fn check(&mut self, endpoint: &str, idle_people: usize) -> Result<(), String> {
        endpoint.clone_into(&mut self.endpoint);
        let idle = (0..self.people.len()).filter(|person| !self.people[*person].is_touched);
        let idle: Vec<usize> = idle.collect();
        let idle_people = idle_people.min(idle.len());
        let chosen: Vec<usize> = idle.sample(&mut self.random, idle_people).copied().collect();
        for person in chosen {
            self.people[person].is_touched = true;
            self.people[person].sessions.iter_mut().for_each(|session| session.is_touched = true);
        }
        for person in 0..self.people.len() {
            if std::mem::take(&mut self.people[person].is_touched) {
                self.check_person(person).await.map_err(|failure| match failure {
                    Failure::Unanswered(error) => {
                        format!("{}: a check got no reply: {error}", self.people[person].email)
                    }
                    Failure::Fault(fault) => format!("after a kill: {fault}"),
                })?;
            }
        }
        Ok(())
    }

    async fn check_person(&mut self, person: usize) -> Result<(), Failure> {
        let Person { email, password, wrong_password, is_registered, is_verified, .. } = &self.people[person];
        if !is_registered {
            return Ok(());
        }
        let (email, password, wrong) = (email.clone(), password.clone(), wrong_password.clone());
        if !is_verified {
            self.counters.checks += 1;
            return self.is_refused(&email, &password, "not_verified").await;
        }
        if let Some(wrong) = wrong {
            self.counters.checks += 1;
            self.is_refused(&email, &wrong, "invalid_credentials").await?;
        }
        for session in 0..self.people[person].sessions.len() {
            if std::mem::take(&mut self.people[person].sessions[session].is_touched) {
                self.counters.checks += 1;
                self.perform(person, &Action::Refresh(session)).await?;
            }
        }
        self.counters.checks += 2;
        self.perform(person, &Action::LogIn).await?;
        let token = self.people[person].sessions.last().map(|session| session.token.clone());
        let me = json!({ "query": "{ payload: me { email verified } }" });
        let me = self.send(token.as_deref(), &me).await?;
        if me != json!({ "email": email, "verified": true }) {
            return Err(Failure::Fault(format!("{email} logged in as {me}")));
        }
        let touched = &mut self.people[person];
        touched.is_touched = false;
        touched.sessions.iter_mut().for_each(|session| session.is_touched = false);
        Ok(())
    }

    async fn is_refused(&self, email: &str, password: &str, code: &str) -> Result<(), Failure> {
        let payload = self.send(None, &mutation::log_in(email, password).body()).await?;
        if payload["errors"]["nonFieldErrors"][0]["code"] == code {
            return Ok(());
        }
        Err(Failure::Fault(format!("{email} should be refused with {code} for {password:?}: {payload}")))
    }

    fn choose(&mut self) -> (usize, Action) {
        let kind = self.random.random_range(0..100);
        let chosen = match kind {
            0..12 => self.unregistered(),
            12..28 => self.unverified(),
            28..42 => self.random_person(|person| person.is_verified).map(|person| {
                if self.people[person].session_ids().len() < MAX_SESSIONS {
                    (person, Action::LogIn)
                } else {
                    self.change(person)
                }
            }),
            42..85 => self.random_person(|person| !person.sessions.is_empty()).map(|person| {
                let sessions = self.people[person].sessions.len();
                (person, Action::Refresh(self.random.random_range(0..sessions)))
            }),
            _ => self.random_person(|person| !person.sessions.is_empty()).map(|person| self.change(person)),
        };
        chosen.or_else(|| self.unregistered()).unwrap_or_else(|| self.newcomer())
    }

    fn change(&mut self, person: usize) -> (usize, Action) {
        if self.people[person].sessions.is_empty() {
            return (person, Action::LogIn);
        }
        let session = self.random.random_range(0..self.people[person].sessions.len());
        (person, Action::Change(session, self.password()))
    }

    /// Returns a person whose registration failed, so the address must be free.
    fn unregistered(&mut self) -> Option<(usize, Action)> {
        let waiting = self.people.iter().position(|person| !person.is_registered);
        waiting.map(|person| (person, Action::Register))
    }

    fn newcomer(&mut self) -> (usize, Action) {
        let person = self.people.len();
        let email = format!("person{person}-of-{}@example.org", self.number);
        let password = self.password();
        self.people.push(Person::new(email, password));
        (person, Action::Register)
    }

    /// Returns a person who has the activation mail.
    fn unverified(&mut self) -> Option<(usize, Action)> {
        let person = self.random_person(|person| person.is_registered && !person.is_verified)?;
        if self.people[person].link.is_none() {
            self.people[person].link = database_check::find_link(&self.mails, &self.people[person].email);
        }
        self.people[person].link.as_ref().map(|_| (person, Action::Verify))
    }

    /// Returns a suitable person, more often a new one.
    fn random_person(&mut self, fits: impl Fn(&Person) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.people.len()).filter(|person| fits(&self.people[*person])).collect();
        let newest = &all[all.len().saturating_sub(8)..];
        let among = if self.random.random_bool(0.7) { newest } else { &all };
        among.choose(&mut self.random).copied()
    }

    fn password(&mut self) -> String {
        format!("kelp-Forest-{:016x}", self.random.random::<u64>())
    }

    /// Performs an action and remembers what was acknowledged.
    async fn perform(&mut self, person: usize, action: &Action) -> Result<(), Failure> {
        self.people[person].is_touched = true;
        let (token, mutation) = request(&mut self.people[person], action);
        let payload = self.send(token.as_deref(), &mutation.body()).await?;
        let person = &mut self.people[person];
        let fault = |expected: &str| {
            let document = mutation.document();
            Failure::Fault(format!("{}: {document} should return {expected}: {payload}", person.email))
        };
        if payload["success"] != true || payload["errors"] != Value::Null {
            return Err(fault("success"));
        }
        match action {
            Action::Register => person.is_registered = true,
            Action::Verify => person.is_verified = true,
            Action::LogIn => {
                let session = session(&payload).ok_or_else(|| fault("tokens"))?;
                person.sessions.push(session);
            }
            Action::Refresh(number) => {
                let new = session(&payload).ok_or_else(|| fault("tokens"))?;
                if new.id != person.sessions[*number].id {
                    return Err(fault("tokens of the same session"));
                }
                person.sessions[*number] = new;
            }
            Action::Change(_, password) => {
                let session = session(&payload).ok_or_else(|| fault("tokens"))?;
                person.has_changed(password);
                person.sessions.push(session);
            }
        }
        Ok(())
    }

    /// Sends a request. Returns its only field, `payload`.
    async fn send(&self, token: Option<&str>, body: &Value) -> Result<Value, Failure> {
        let mut request = self.http.post(&self.endpoint).json(body);
        if let Some(token) = token {
            request = request.header("Authorization", format!("JWT {token}"));
        }
        let unanswered = |error: reqwest::Error| Failure::Unanswered(format!("{error:?}"));
        let reply = request.send().await.map_err(unanswered)?;
        let status = reply.status();
        let text = reply.text().await.map_err(unanswered)?;
        let parsed: Value = serde_json::from_str(&text).unwrap_or_default();
        if status != 200 || parsed.get("errors").is_some() || parsed["data"].get("payload").is_none() {
            return Err(Failure::Fault(format!("{body} returned {status}: {text}")));
        }
        Ok(parsed["data"]["payload"].clone())
    }
}

/// The mutation for an action, and the token that it is sent with.
fn request(person: &mut Person, action: &Action) -> (Option<String>, Mutation) {
    let Person { email, password, .. } = &*person;
    let tokens = "success errors token refreshToken";
    match action {
        Action::LogIn => (None, mutation::log_in(email, password).select(tokens)),
        Action::Register => (None, mutation::register(email, password)),
        Action::Verify => (None, mutation::verify_account(person.link.as_deref().unwrap_or_default())),
        Action::Refresh(session) => {
            let session = &mut person.sessions[*session];
            session.is_touched = true;
            (None, mutation::refresh_token(&session.refresh_token).select(tokens))
        }
        Action::Change(session, new) => {
            let change = mutation::change_password(password, new).select(tokens);
            (Some(person.sessions[*session].token.clone()), change)
        }
    }
}

/// Returns the session of a payload, if it is complete.
fn session(payload: &Value) -> Option<Session> {
    let Tokens { session, token, refresh_token } = Tokens::of(payload)?;
    Some(Session { id: session, token, refresh_token, is_reply_lost: false, is_touched: true })
}
