//! People, and what they were told: the ledger that the server is held to.

use std::collections::BTreeSet;
use std::iter::Sum;
use std::ops::Add;

/// Somebody, with all that was acknowledged. What was not answered is settled after each kill, so that nothing here
/// is doubtful when the next server starts.
pub struct Person {
    pub email: String,
    pub password: String,
    /// One that does not open the account: that before the last change, or one that was asked for in vain.
    pub wrong_password: Option<String>,
    pub is_registered: bool,
    pub is_verified: bool,
    /// How often the password was changed, which is the epoch of the account.
    pub changes: i64,
    pub sessions: Vec<Session>,
    /// Sessions that began although the answer was lost, so that nobody holds them.
    pub strays: BTreeSet<String>,
    /// The token in the activation mail, once it has been seen.
    pub link: Option<String>,
    /// Whether anything was asked in this person's name since the last check.
    pub is_touched: bool,
}

/// A session of which a client holds the newest tokens that it was told.
pub struct Session {
    pub id: String,
    pub token: String,
    pub refresh_token: String,
    /// Whether the refresh token was turned in without an answer, so that the server may have gone on to another.
    pub is_answer_lost: bool,
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

    /// The password was changed, which ended all sessions.
    pub fn has_changed(&mut self, password: &str) {
        self.wrong_password = Some(std::mem::replace(&mut self.password, password.to_owned()));
        self.changes += 1;
        self.sessions.clear();
        self.strays.clear();
    }

    /// All sessions that should be there.
    pub fn session_ids(&self) -> BTreeSet<&str> {
        let held = self.sessions.iter().map(|session| session.id.as_str());
        held.chain(self.strays.iter().map(String::as_str)).collect()
    }
}

/// What somebody may want to do.
#[derive(Debug, Clone, Copy)]
pub enum Wish {
    Register,
    Verify,
    LogIn,
    Refresh,
    Change,
}

/// What somebody asks for.
#[derive(Clone)]
pub enum Deed {
    Register,
    Verify,
    LogIn,
    /// By one of the sessions that the person holds.
    Refresh(usize),
    /// With the token of a session, to this password.
    Change(usize, String),
}

/// A request that was not answered: it was done as a whole, or not at all.
pub struct Open {
    pub person: usize,
    pub deed: Deed,
}

/// How much was acknowledged under load, and how much was asked to look at it afterwards.
#[derive(Default, Clone, Copy)]
pub struct Figures {
    pub registrations: u64,
    pub verifications: u64,
    pub logins: u64,
    pub refreshes: u64,
    pub changes: u64,
    pub unanswered_done: u64,
    pub unanswered_not_done: u64,
    /// Requests to the server that came next.
    pub checks: u64,
}

impl Figures {
    pub fn note(&mut self, deed: &Deed) {
        *match deed {
            Deed::Register => &mut self.registrations,
            Deed::Verify => &mut self.verifications,
            Deed::LogIn => &mut self.logins,
            Deed::Refresh(_) => &mut self.refreshes,
            Deed::Change(..) => &mut self.changes,
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

impl Add for Figures {
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

impl Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        figures.fold(Self::default(), Add::add)
    }
}
