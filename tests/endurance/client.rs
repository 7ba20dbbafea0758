//! A client, in whose hands are some people: it asks in their names and remembers what it was told.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::mutation::{self, Mutation};
use crate::people::{Deed, Figures, Open, Person, Session, Wish};
use crate::program::TIMEOUT;
use crate::{GLANCE, witness};

/// Whoever has as many sessions changes the password, which ends them: beyond fifty the server ends some by itself.
const MOST_SESSIONS: usize = 30;

pub struct Client {
    number: u32,
    http: reqwest::Client,
    endpoint: String,
    random: StdRng,
    mails: PathBuf,
    pub people: Vec<Person>,
    /// What was not answered before the server was killed.
    pub open: Option<Open>,
    pub figures: Figures,
}

/// Why there is no payload.
enum Failure {
    /// No answer, or half of one.
    Unanswered(String),
    /// An answer that should not have come.
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
            open: None,
            figures: Figures::default(),
        }
    }

    /// Asks for one thing after another until the server is killed.
    pub async fn work(&mut self, killed: &AtomicBool) -> Result<(), String> {
        while !killed.load(Ordering::SeqCst) {
            let (person, deed) = self.choose();
            match self.attempt(person, &deed).await? {
                Some(error) if !killed.load(Ordering::SeqCst) => {
                    return Err(format!(
                        "a request of {} was not answered though the server was up: {error}",
                        self.people[person].email
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Asks for one thing; says why, if there was no answer.
    pub async fn attempt(&mut self, person: usize, deed: &Deed) -> Result<Option<String>, String> {
        self.open = Some(Open { person, deed: deed.clone() });
        match self.perform(person, deed).await {
            Ok(()) => {
                self.open = None;
                self.figures.note(deed);
                Ok(None)
            }
            Err(Failure::Unanswered(error)) => Ok(Some(error)),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    /// Somebody new who can do this next, and what that is.
    pub async fn prepare(&mut self, wish: Wish) -> Result<(usize, Deed), String> {
        let (person, register) = self.unregistered().unwrap_or_else(|| self.newcomer());
        if matches!(wish, Wish::Register) {
            return Ok((person, register));
        }
        self.succeed(person, &register).await?;
        let began = Instant::now();
        while self.people[person].link.is_none() {
            if began.elapsed() > TIMEOUT {
                return Err(format!("{}: no activation mail comes", self.people[person].email));
            }
            tokio::time::sleep(GLANCE).await;
            self.people[person].link = witness::find_link(&self.mails, &self.people[person].email);
        }
        if matches!(wish, Wish::Verify) {
            return Ok((person, Deed::Verify));
        }
        self.succeed(person, &Deed::Verify).await?;
        if matches!(wish, Wish::LogIn) {
            return Ok((person, Deed::LogIn));
        }
        self.succeed(person, &Deed::LogIn).await?;
        let refresh = (person, Deed::Refresh(0));
        Ok(if matches!(wish, Wish::Refresh) { refresh } else { self.change(person) })
    }

    async fn succeed(&mut self, person: usize, deed: &Deed) -> Result<(), String> {
        let unanswered = self.attempt(person, deed).await?;
        unanswered.map_or(Ok(()), |error| Err(format!("{}: no answer: {error}", self.people[person].email)))
    }

    /// Whether the server knows all that was acknowledged of those who were active of late, and of some others.
    pub async fn check(&mut self, endpoint: &str, bystanders: usize) -> Result<(), String> {
        endpoint.clone_into(&mut self.endpoint);
        let idle = (0..self.people.len()).filter(|person| !self.people[*person].is_touched);
        let idle: Vec<usize> = idle.collect();
        let bystanders = bystanders.min(idle.len());
        let chosen: Vec<usize> = idle.sample(&mut self.random, bystanders).copied().collect();
        for person in chosen {
            self.people[person].is_touched = true;
            self.people[person].sessions.iter_mut().for_each(|session| session.is_touched = true);
        }
        for person in 0..self.people.len() {
            if std::mem::take(&mut self.people[person].is_touched) {
                self.check_person(person).await.map_err(|failure| match failure {
                    Failure::Unanswered(error) => {
                        format!("{}: a check was not answered: {error}", self.people[person].email)
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
            self.figures.checks += 1;
            return self.is_refused(&email, &password, "not_verified").await;
        }
        if let Some(wrong) = wrong {
            self.figures.checks += 1;
            self.is_refused(&email, &wrong, "invalid_credentials").await?;
        }
        for session in 0..self.people[person].sessions.len() {
            if std::mem::take(&mut self.people[person].sessions[session].is_touched) {
                self.figures.checks += 1;
                self.perform(person, &Deed::Refresh(session)).await?;
            }
        }
        self.figures.checks += 2;
        self.perform(person, &Deed::LogIn).await?;
        let token = self.people[person].sessions.last().map(|session| session.token.clone());
        let me = json!({ "query": "{ payload: me { email verified } }" });
        let me = self.send(token.as_deref(), &me).await?;
        if me != json!({ "email": email, "verified": true }) {
            return Err(Failure::Fault(format!("{email} logged in and is taken for {me}")));
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
        Err(Failure::Fault(format!("{email} was to be refused with {code} for {password:?}: {payload}")))
    }

    fn choose(&mut self) -> (usize, Deed) {
        let wish = self.random.random_range(0..100);
        let chosen = match wish {
            0..12 => self.unregistered(),
            12..28 => self.unverified(),
            28..42 => self.somebody(|person| person.is_verified).map(|person| {
                if self.people[person].session_ids().len() < MOST_SESSIONS {
                    (person, Deed::LogIn)
                } else {
                    self.change(person)
                }
            }),
            42..85 => self.somebody(|person| !person.sessions.is_empty()).map(|person| {
                let sessions = self.people[person].sessions.len();
                (person, Deed::Refresh(self.random.random_range(0..sessions)))
            }),
            _ => self.somebody(|person| !person.sessions.is_empty()).map(|person| self.change(person)),
        };
        chosen.or_else(|| self.unregistered()).unwrap_or_else(|| self.newcomer())
    }

    fn change(&mut self, person: usize) -> (usize, Deed) {
        if self.people[person].sessions.is_empty() {
            return (person, Deed::LogIn);
        }
        let session = self.random.random_range(0..self.people[person].sessions.len());
        (person, Deed::Change(session, self.password()))
    }

    /// Somebody whose registration was not answered and did not happen: the address must be free.
    fn unregistered(&mut self) -> Option<(usize, Deed)> {
        let waiting = self.people.iter().position(|person| !person.is_registered);
        waiting.map(|person| (person, Deed::Register))
    }

    fn newcomer(&mut self) -> (usize, Deed) {
        let person = self.people.len();
        let email = format!("person{person}-of-{}@example.org", self.number);
        let password = self.password();
        self.people.push(Person::new(email, password));
        (person, Deed::Register)
    }

    /// Somebody whose activation mail has come.
    fn unverified(&mut self) -> Option<(usize, Deed)> {
        let person = self.somebody(|person| person.is_registered && !person.is_verified)?;
        if self.people[person].link.is_none() {
            self.people[person].link = witness::find_link(&self.mails, &self.people[person].email);
        }
        self.people[person].link.as_ref().map(|_| (person, Deed::Verify))
    }

    /// Somebody fit for it, more often than not of the newest.
    fn somebody(&mut self, fits: impl Fn(&Person) -> bool) -> Option<usize> {
        let all: Vec<usize> = (0..self.people.len()).filter(|person| fits(&self.people[*person])).collect();
        let newest = &all[all.len().saturating_sub(8)..];
        let among = if self.random.random_bool(0.7) { newest } else { &all };
        among.choose(&mut self.random).copied()
    }

    fn password(&mut self) -> String {
        format!("kelp-Forest-{:016x}", self.random.random::<u64>())
    }

    /// Asks, and remembers what was acknowledged.
    async fn perform(&mut self, person: usize, deed: &Deed) -> Result<(), Failure> {
        self.people[person].is_touched = true;
        let (token, mutation) = request(&mut self.people[person], deed);
        let payload = self.send(token.as_deref(), &mutation.body()).await?;
        let person = &mut self.people[person];
        let fault = |expected: &str| {
            let document = mutation.document();
            Failure::Fault(format!("{}: {document} should return {expected}: {payload}", person.email))
        };
        if payload["success"] != true || payload["errors"] != Value::Null {
            return Err(fault("success"));
        }
        match deed {
            Deed::Register => person.is_registered = true,
            Deed::Verify => person.is_verified = true,
            Deed::LogIn => {
                let session = session(&payload).ok_or_else(|| fault("tokens"))?;
                person.sessions.push(session);
            }
            Deed::Refresh(number) => {
                let new = session(&payload).ok_or_else(|| fault("tokens"))?;
                if new.id != person.sessions[*number].id {
                    return Err(fault("tokens of the same session"));
                }
                person.sessions[*number] = new;
            }
            Deed::Change(_, password) => {
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
fn request(person: &mut Person, action: &Deed) -> (Option<String>, Mutation) {
    let Person { email, password, .. } = &*person;
    let tokens = "success errors token refreshToken";
    match action {
        Deed::LogIn => (None, mutation::log_in(email, password).select(tokens)),
        Deed::Register => (None, mutation::register(email, password)),
        Deed::Verify => (None, mutation::verify_account(person.link.as_deref().unwrap_or_default())),
        Deed::Refresh(session) => {
            let session = &mut person.sessions[*session];
            session.is_touched = true;
            (None, mutation::refresh_token(&session.refresh_token).select(tokens))
        }
        Deed::Change(session, new) => {
            let change = mutation::change_password(password, new).select(tokens);
            (Some(person.sessions[*session].token.clone()), change)
        }
    }
}

/// The session in a payload, if all of it is there.
fn session(payload: &Value) -> Option<Session> {
    let [token, refresh_token] = ["token", "refreshToken"].map(|field| payload[field].as_str());
    let (token, refresh_token) = (token?.to_owned(), refresh_token?.to_owned());
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let id = claims["sid"].as_str()?.to_owned();
    Some(Session { id, token, refresh_token, is_answer_lost: false, is_touched: true })
}
