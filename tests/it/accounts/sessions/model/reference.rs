//! A model of the rules of sessions: lists instead of a database.

use std::time::Duration;

use pledge4future_auth::accounts::sessions::Tokens;
use pledge4future_auth::clock::Timestamp;

/// The maximum number of sessions of an account.
const MAX_SESSIONS: usize = 50;
const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    pub access: Duration,
    pub refresh: Duration,
}

/// All sessions and tokens that were ever issued.
pub struct Model {
    lifetimes: Lifetimes,
    epochs: Vec<i64>,
    sessions: Vec<Session>,
    refresh_tokens: Vec<RefreshToken>,
    access_tokens: Vec<AccessToken>,
}

struct Session {
    id: String,
    who: usize,
    last_used: Timestamp,
    expires: Timestamp,
    /// Whether the session was ended before it expired.
    ended: bool,
}

struct RefreshToken {
    text: String,
    session: usize,
    predecessor: Option<usize>,
    expires: Timestamp,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Fresh,
    Spent,
    Replaced(Timestamp),
    /// Deleted.
    Gone,
}

pub struct AccessToken {
    pub text: String,
    session: usize,
    epoch: i64,
    expires_second: i64,
}

impl Model {
    pub fn new(people: usize, lifetimes: Lifetimes) -> Self {
        let (sessions, refresh_tokens, access_tokens) = (Vec::new(), Vec::new(), Vec::new());
        Self { lifetimes, epochs: vec![0; people], sessions, refresh_tokens, access_tokens }
    }

    /// Adds the tokens of a new session, or those of a refresh.
    pub fn issue(&mut self, who: usize, tokens: &Tokens, predecessor: Option<usize>, now: Timestamp) {
        let id = tokens.payload["sid"].as_str().expect("an access token names its session").to_owned();
        assert_eq!(tokens.payload["epoch"], self.epochs[who]);
        let refresh_expires = now.plus(self.lifetimes.refresh);
        let expires_second = now.plus(self.lifetimes.access).seconds();
        let last_moment = Timestamp::from_seconds(expires_second + 1).minus(Duration::from_micros(1));
        let expires = refresh_expires.max(last_moment);
        let session = if let Some(predecessor) = predecessor {
            self.refresh_tokens[predecessor].session
        } else {
            self.make_room(who, now);
            self.sessions.push(Session { id: id.clone(), who, last_used: now, expires, ended: false });
            self.sessions.len() - 1
        };
        assert_eq!(self.sessions[session].id, id, "a refresh changed the id of the session");
        (self.sessions[session].last_used, self.sessions[session].expires) = (now, expires);
        let text = tokens.refresh_token.clone();
        let state = State::Fresh;
        self.refresh_tokens.push(RefreshToken {
            text,
            session,
            predecessor,
            expires: refresh_expires,
            state,
        });
        let (text, epoch) = (tokens.token.clone(), self.epochs[who]);
        self.access_tokens.push(AccessToken { text, session, epoch, expires_second });
    }

    fn make_room(&mut self, who: usize, now: Timestamp) {
        for (id, ..) in self.live(who, now).into_iter().skip(MAX_SESSIONS - 1) {
            self.end(&id);
        }
    }

    /// Whether a refresh token can be refreshed.
    pub fn refresh(&mut self, token: usize, now: Timestamp) -> bool {
        let RefreshToken { session, expires, state, .. } = self.refresh_tokens[token];
        if self.sessions[session].ended {
            return false;
        }
        match state {
            State::Fresh if expires >= now => {
                self.refresh_tokens[token].state = State::Spent;
                true
            }
            State::Fresh | State::Gone => false,
            State::Spent => {
                let successors = |state| {
                    let is_successor = move |(_, it): &(usize, &RefreshToken)| {
                        it.predecessor == Some(token) && it.state == state
                    };
                    self.refresh_tokens.iter().enumerate().find(is_successor).map(|(index, _)| index)
                };
                match (successors(State::Fresh), successors(State::Spent)) {
                    (Some(lost), _) if expires >= now => {
                        self.refresh_tokens[lost].state = State::Replaced(now);
                        true
                    }
                    (_, Some(_)) => {
                        self.sessions[session].ended = true;
                        false
                    }
                    _ => false,
                }
            }
            State::Replaced(at) => {
                self.sessions[session].ended |= at.plus(MINUTE) < now;
                false
            }
        }
    }

    /// Revokes a refresh token with its session, if it is known. Returns whether it was.
    pub fn revoke_token(&mut self, token: usize) -> bool {
        let session = self.refresh_tokens[token].session;
        if self.sessions[session].ended || self.refresh_tokens[token].state == State::Gone {
            return false;
        }
        for token in self.refresh_tokens.iter_mut().filter(|it| it.session == session) {
            token.state = State::Gone;
        }
        let session = &mut self.sessions[session];
        let second = Duration::from_secs(1);
        session.expires = session.expires.min(session.last_used.plus(self.lifetimes.access).plus(second));
        true
    }

    pub fn end(&mut self, id: &str) {
        let session = self.sessions.iter_mut().find(|session| session.id == id);
        session.expect("a known session").ended = true;
    }

    pub fn end_all(&mut self, who: usize) {
        self.sessions
            .iter_mut()
            .filter(|session| session.who == who)
            .for_each(|session| session.ended = true);
        self.begin_epoch(who);
    }

    pub fn begin_epoch(&mut self, who: usize) {
        self.epochs[who] += 1;
    }

    /// Deletes what has expired.
    pub fn cleanup(&mut self, now: Timestamp) {
        for token in self.refresh_tokens.iter_mut().filter(|token| token.expires < now) {
            token.state = State::Gone;
        }
        for session in self.sessions.iter_mut().filter(|session| session.expires < now) {
            session.ended = true;
        }
    }

    /// Returns the live sessions with their last use and their expiry.
    pub fn live(&self, who: usize, now: Timestamp) -> Vec<(String, Timestamp, Timestamp)> {
        let is_live = |session: &&Session| session.who == who && !session.ended && session.expires >= now;
        let live = self.sessions.iter().filter(is_live);
        let mut live: Vec<_> = live.map(|it| (it.id.clone(), it.last_used, it.expires)).collect();
        live.sort_by(|one, other| (other.1, &other.0).cmp(&(one.1, &one.0)));
        live
    }

    /// Whether an access token is valid.
    pub fn open(&self, who: usize, token: &AccessToken, now: Timestamp) -> bool {
        !self.sessions[token.session].ended
            && token.epoch == self.epochs[who]
            && token.expires_second >= now.seconds()
    }

    pub fn accepts_newest(&self, who: usize, session: usize, now: Timestamp) -> bool {
        self.newest_access_token(who, session).is_some_and(|token| self.open(who, token, now))
    }

    /// Returns the newest access token of a session. Session 0 is the newest.
    pub fn access_token(&self, who: usize, session: usize) -> Option<String> {
        self.newest_access_token(who, session).map(|token| token.text.clone())
    }

    fn newest_access_token(&self, who: usize, session: usize) -> Option<&AccessToken> {
        let session = self.nth_session(who, session)?;
        self.access_tokens.iter().rev().find(|token| token.session == session)
    }

    pub fn recent_access_tokens(&self, who: usize) -> impl Iterator<Item = &AccessToken> {
        let own = move |token: &&AccessToken| self.sessions[token.session].who == who;
        self.access_tokens.iter().rev().filter(own).take(6)
    }

    /// Returns the id of a session, or an unknown id if there are not so many. Session 0 is the newest.
    pub fn session_id(&self, who: usize, session: usize) -> String {
        self.nth_session(who, session)
            .map_or_else(|| "none".to_owned(), |index| self.sessions[index].id.clone())
    }

    /// Whether a session can be revoked by its id.
    pub fn exists(&self, who: usize, id: &str) -> bool {
        self.sessions.iter().any(|session| session.who == who && session.id == id && !session.ended)
    }

    /// Returns a refresh token of a session. Age 0 is the newest.
    pub fn refresh_token(&self, who: usize, session: usize, age: usize) -> Option<usize> {
        let session = self.nth_session(who, session)?;
        let own = (0..self.refresh_tokens.len())
            .rev()
            .filter(|index| self.refresh_tokens[*index].session == session);
        own.take(age + 1).last()
    }

    pub fn text_of(&self, token: usize) -> String {
        self.refresh_tokens[token].text.clone()
    }

    fn nth_session(&self, who: usize, session: usize) -> Option<usize> {
        let own = |index: &usize| self.sessions[*index].who == who;
        (0..self.sessions.len()).rev().filter(own).nth(session)
    }
}
