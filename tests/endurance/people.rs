//! People, and what the server acknowledged to them.

use std::collections::BTreeSet;
use std::iter::Sum;
use std::ops::Add;

/// A person with everything that was acknowledged. After each kill the database tells whether the pending request
/// succeeded.
pub struct Person {
    pub email: String,
    pub password: String,
    /// A wrong password: the previous one, or one of a failed change.
    pub wrong_password: Option<String>,
    pub is_registered: bool,
    pub is_verified: bool,
    /// The number of password changes, which is the epoch of the account.
    pub changes: i64,
    pub sessions: Vec<Session>,
    /// Sessions whose tokens were lost with the reply.
    pub strays: BTreeSet<String>,
    /// The token in the activation mail.
    pub link: Option<String>,
    /// Whether the person was active since the last check.
    pub is_touched: bool,
}

/// A session with its newest acknowledged tokens.
pub struct Session {
    pub id: String,
    pub token: String,
    pub refresh_token: String,
    /// Whether a refresh succeeded without a reply, so that the server has a newer token.
    pub is_reply_lost: bool,
    pub is_touched: bool,
}

impl Person {
    pub fn new(email: String, password: String) -> Self {
        Self {
            email,
            password,
            wrong_password: None,
            is_registered: false,
            is_verified: false,
            changes: 0,
            sessions: Vec::new(),
            strays: BTreeSet::new(),
            link: None,
            is_touched: false,
        }
    }

    /// Records a password change, which ends all sessions.
    pub fn has_changed(&mut self, password: &str) {
        self.wrong_password = Some(std::mem::replace(&mut self.password, password.to_owned()));
        self.changes += 1;
        self.sessions.clear();
        self.strays.clear();
    }

    /// Returns the sessions that should exist.
    pub fn session_ids(&self) -> BTreeSet<&str> {
        let held = self.sessions.iter().map(|session| session.id.as_str());
        held.chain(self.strays.iter().map(String::as_str)).collect()
    }
}

#[derive(Debug, Clone, Copy)]
pub enum ActionKind {
    Register,
    Verify,
    LogIn,
    Refresh,
    Change,
}

#[derive(Clone)]
pub enum Action {
    Register,
    Verify,
    LogIn,
    /// The index of a session.
    Refresh(usize),
    /// The index of a session, and the new password.
    Change(usize, String),
}

/// A request without a reply. It succeeded completely or not at all.
pub struct Pending {
    pub person: usize,
    pub action: Action,
}

/// Counters of acknowledged actions and of checks.
#[derive(Default, Clone, Copy)]
pub struct Counters {
    pub registrations: u64,
    pub verifications: u64,
    pub logins: u64,
    pub refreshes: u64,
    pub changes: u64,
    pub unanswered_done: u64,
    pub unanswered_not_done: u64,
    /// Requests to the next server.
    pub checks: u64,
}

impl Counters {
    pub fn count(&mut self, action: &Action) {
        *match action {
            Action::Register => &mut self.registrations,
            Action::Verify => &mut self.verifications,
            Action::LogIn => &mut self.logins,
            Action::Refresh(_) => &mut self.refreshes,
            Action::Change(..) => &mut self.changes,
        } += 1;
    }

    pub fn line(&self) -> String {
        let Self { registrations, verifications, logins, refreshes, changes, .. } = self;
        format!(
            "acknowledged: {registrations} registrations, {verifications} verifications, {logins} logins, \
             {refreshes} refreshes, {changes} password changes; unanswered: {}",
            self.unanswered_done + self.unanswered_not_done
        )
    }

    pub fn summary(&self) -> String {
        let Self { registrations, verifications, logins, refreshes, changes, .. } = self;
        let Self { unanswered_done: done, unanswered_not_done: not_done, checks, .. } = self;
        format!(
            "acknowledged registrations: {registrations}\nacknowledged verifications: {verifications}\n\
             acknowledged logins: {logins}\nacknowledged refreshes: {refreshes}\n\
             acknowledged password changes: {changes}\nunanswered: {} (done: {done}, not done: {not_done})\n\
             checks through the next server: {checks}\n",
            done + not_done
        )
    }
}

impl Add for Counters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            registrations: self.registrations + other.registrations,
            verifications: self.verifications + other.verifications,
            logins: self.logins + other.logins,
            refreshes: self.refreshes + other.refreshes,
            changes: self.changes + other.changes,
            unanswered_done: self.unanswered_done + other.unanswered_done,
            unanswered_not_done: self.unanswered_not_done + other.unanswered_not_done,
            checks: self.checks + other.checks,
        }
    }
}

impl Sum for Counters {
    fn sum<I: Iterator<Item = Self>>(counters: I) -> Self {
        counters.fold(Self::default(), Add::add)
    }
}
