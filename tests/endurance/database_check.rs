//! Compares the database and the mails of a killed server with what was acknowledged.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pledge4future_auth::tokens::refresh;

use crate::client::Client;
use crate::mails::{files, link_in, read};
use crate::people::{Action, Counters, Pending, Person, Session};
use rows::{Account, Mail, Rows};

const ACTIVATION: &str = "Activate your account";
const NOTICE: &str = "was changed";

pub struct DatabaseCheck {
    database: PathBuf,
    mails: PathBuf,
    /// Message-IDs by file name. A delivered mail must not disappear.
    seen: BTreeMap<String, String>,
    rows: usize,
    unfinished_files: usize,
}

impl DatabaseCheck {
    pub fn new(data: &Path) -> Self {
        let (database, mails) = (data.join("auth.sqlite3"), data.join("mail"));
        Self { database, mails, seen: BTreeMap::new(), rows: 0, unfinished_files: 0 }
    }

    pub fn mails(&self) -> PathBuf {
        self.mails.clone()
    }

    pub fn has_undelivered_mail(&self) -> Result<bool, Vec<String>> {
        Ok(self.rows()?.mails.values().any(|mail| !mail.is_delivered))
    }

    fn rows(&self) -> Result<Rows, Vec<String>> {
        Rows::read(&self.database).map_err(|error| vec![format!("the database cannot be read: {error}")])
    }

    pub fn summary(&self) -> String {
        format!(
            "mails: {}\nrows compared: {}\nincomplete mail files: {}\n",
            self.seen.len(),
            self.rows,
            self.unfinished_files
        )
    }

    /// Decides whether pending requests succeeded, and returns all differences. At the end all mails must be delivered.
    pub fn check(&mut self, clients: &mut [Client], is_end: bool) -> Result<(), Vec<String>> {
        let rows = self.rows()?;
        self.rows += rows.count();
        let mut faults = rows.damage.clone();
        for client in clients.iter_mut() {
            if let Some(Pending { person, action }) = client.pending.take() {
                settle(&mut client.people[person], &action, &rows, &mut client.counters);
            }
            for person in &mut client.people {
                faults.extend(check_person(person, &rows));
            }
        }
        let people = || clients.iter().flat_map(|client| &client.people);
        for (what, there, expected) in [
            ("accounts", rows.accounts.len(), people().filter(|person| person.is_registered).count()),
            ("used links", rows.spent_links, people().filter(|person| person.is_verified).count()),
            ("sessions", rows.tokens.len(), people().map(|person| person.session_ids().len()).sum()),
            ("mails, by the last id", rows.mails.len(), rows.last_mail),
        ] {
            if there != expected {
                faults.push(format!("{what}: there are {there}, expected {expected}"));
            }
        }
        self.check_mails(&rows, is_end, &mut faults);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Checks that each file belongs to a row, and that each delivered mail has a file.
    fn check_mails(&mut self, rows: &Rows, is_end: bool, faults: &mut Vec<String>) {
        let (files, unfinished) = files(&self.mails);
        self.unfinished_files = unfinished;
        for name in &files {
            if !self.seen.contains_key(name) {
                match read(&self.mails.join(name)) {
                    Some((id, ..)) if self.seen.values().any(|seen| *seen == id) => {
                        faults.push(format!("{name}: there is another mail with the Message-ID {id}"));
                    }
                    Some((id, to, _)) => {
                        let row = rows.mails.get(name);
                        if row.is_none_or(|row| row.recipient != to) {
                            faults.push(format!("{name}: the mail to {to} is not in the outbox"));
                        }
                        self.seen.insert(name.clone(), id);
                    }
                    None => faults.push(format!("{name}: the mail is incomplete")),
                }
            }
        }
        let vanished = self.seen.keys().filter(|name| !files.contains(*name));
        faults.extend(vanished.map(|name| format!("{name}: a delivered mail is gone")));
        for (name, mail) in rows.mails.iter().filter(|(name, _)| !files.contains(*name)) {
            if mail.is_delivered || is_end {
                faults.push(format!(
                    "{name}: a mail to {} is marked as delivered and has no file",
                    mail.recipient
                ));
            }
        }
    }
}

/// Decides whether a pending request succeeded. [`check_person`] finds partial changes.
fn settle(person: &mut Person, action: &Action, rows: &Rows, counters: &mut Counters) {
    let account = rows.accounts.get(&person.email);
    let done = match action {
        Action::Register => {
            person.is_registered = account.is_some();
            person.is_registered
        }
        Action::Verify => {
            person.is_verified = account.is_some_and(|account| account.is_verified);
            person.is_verified
        }
        Action::LogIn => {
            let known = person.session_ids();
            let stray = account.and_then(|account| {
                account.sessions.iter().find(|session| !known.contains(session.as_str())).cloned()
            });
            let done = stray.is_some();
            person.strays.extend(stray);
            done
        }
        Action::Refresh(session) => {
            let session = &mut person.sessions[*session];
            session.is_reply_lost = was_refreshed(session, rows);
            session.is_reply_lost
        }
        Action::Change(_, password) => {
            let done = account.is_some_and(|account| account.epoch == person.changes + 1);
            if done {
                person.has_changed(password);
                let began = account.and_then(|account| account.sessions.first().cloned());
                person.strays.insert(began.unwrap_or_else(|| "of the password change".to_owned()));
            } else {
                person.wrong_password = Some(password.clone());
            }
            done
        }
    };
    *if done { &mut counters.unanswered_done } else { &mut counters.unanswered_not_done } += 1;
}

/// Whether the valid token of a session is the successor of the acknowledged one.
fn was_refreshed(session: &Session, rows: &Rows) -> bool {
    let hash = refresh::hash(&session.refresh_token);
    let good = rows.tokens.get(&session.id).map(Vec::as_slice).unwrap_or_default();
    good.iter().any(|token| token.predecessor.as_ref() == Some(&hash))
}

/// Returns differences between the database and what was acknowledged to a person.
fn check_person(person: &mut Person, rows: &Rows) -> Vec<String> {
    let mut faults = Vec::new();
    let email = &person.email;
    let mails: Vec<&Mail> =
        rows.mails_to.get(email).into_iter().flatten().map(|name| &rows.mails[name]).collect();
    let count = |subject: &str| mails.iter().filter(|mail| mail.subject.contains(subject)).count();
    let activations = count(ACTIVATION);
    match (rows.accounts.get(email), person.is_registered) {
        (None, true) => {
            faults.push(format!("{email}: the registration was acknowledged, but there is no account"));
        }
        (Some(_), false) => faults.push(format!("{email}: there is an account without a registration")),
        (None, false) => {}
        (Some(account), true) => {
            faults.extend(check_account(person, account, rows));
            if person.link.is_none() {
                person.link = mails.iter().find_map(|mail| link_in(&mail.text));
            }
        }
    }
    let email = &person.email;
    if activations != usize::from(person.is_registered) {
        let registered = if person.is_registered { "registered" } else { "not registered" };
        faults.push(format!("{email} is {registered} and has {activations} activation mails"));
    }
    let notices = count(NOTICE);
    if i64::try_from(notices).ok() != Some(person.changes) {
        let changes = person.changes;
        faults.push(format!("{email}: password changes: {changes}, notices: {notices}"));
    }
    if mails.len() != activations + notices {
        faults.push(format!("{email} has unexpected mails"));
    }
    faults
}

fn check_account(person: &Person, account: &Account, rows: &Rows) -> Vec<String> {
    let (mut faults, email) = (Vec::new(), &person.email);
    if account.is_verified != person.is_verified {
        let [acknowledged, is] =
            [person.is_verified, account.is_verified].map(|verified| if verified { "is" } else { "is not" });
        faults.push(format!("{email}: acknowledged: the account {acknowledged} verified, database: it {is}"));
    }
    if account.epoch != person.changes {
        let (acknowledged, is) = (person.changes, account.epoch);
        faults.push(format!("{email}: acknowledged password changes: {acknowledged}, database: {is}"));
    }
    let expected = person.session_ids();
    let there: BTreeSet<&str> = account.sessions.iter().map(String::as_str).collect();
    for lost in expected.difference(&there) {
        faults.push(format!("{email}: the session {lost} was acknowledged and does not exist"));
    }
    for doubled in there.difference(&expected) {
        faults.push(format!("{email}: the session {doubled} exists without a login"));
    }
    for session in &account.sessions {
        let good = rows.tokens.get(session).map_or(0, Vec::len);
        if good != 1 {
            faults.push(format!("{email}: the session {session} has {good} good refresh tokens"));
        }
    }
    for session in &person.sessions {
        let hash = refresh::hash(&session.refresh_token);
        let good = rows.tokens.get(&session.id).map(Vec::as_slice).unwrap_or_default();
        let is_held = good.iter().any(|token| token.hash == hash);
        let is_superseded = session.is_reply_lost && was_refreshed(session, rows);
        if !is_held && !is_superseded {
            let id = &session.id;
            faults.push(format!(
                "{email}: the session {id} does not know the refresh token that was acknowledged last"
            ));
        }
    }
    faults
}

/// Returns the token in the newest mail to an address.
pub fn find_link(mails: &Path, email: &str) -> Option<String> {
    let (names, _) = files(mails);
    let newest = names.iter().rev().take(64).filter_map(|name| read(&mails.join(name)));
    newest.filter(|(_, to, _)| to == email).find_map(|(_, _, text)| link_in(&text))
}
