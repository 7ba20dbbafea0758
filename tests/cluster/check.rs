//! Compares the database and the mails with what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use pledge4future_auth::tokens::refresh;

use crate::guesses::{Burst, Victim};
use crate::mails;
use crate::people::{Done, Person, Revocation};
use crate::rows::{Rows, Token};
use crate::servers::{FREE_GUESSES, Server};

#[derive(Default)]
pub struct Findings {
    pub faults: Vec<String>,
    /// Accounts, sessions and names that were stored although the reply was lost.
    pub unacknowledged: u64,
    pub counted_guesses: i64,
    /// Guesses that were counted although the reply was lost.
    pub unanswered_guesses: i64,
    pub mails: usize,
    pub mails_delivered_twice: usize,
}

impl Findings {
    pub fn check_people<'a>(
        &mut self,
        people: impl Iterator<Item = &'a Person>,
        victims: usize,
        rows: &Rows,
    ) {
        let mut registered = victims;
        for person in people {
            registered += usize::from(rows.accounts.contains_key(&person.email));
            self.check_person(person, rows);
        }
        if rows.accounts.len() != registered {
            let there = rows.accounts.len();
            self.faults.push(format!("there are {there} accounts, and people registered {registered}"));
        }
        for (session, tokens) in &rows.tokens {
            self.check_family(session, tokens);
        }
    }

    fn check_person(&mut self, person: &Person, rows: &Rows) {
        let Person { email, name, unacknowledged_names, registered, verified, .. } = person;
        let Some(account) = rows.accounts.get(email) else {
            if *registered == Done::Yes {
                self.faults
                    .push(format!("{email}: the registration was acknowledged, and there is no account"));
            }
            return;
        };
        self.unacknowledged += u64::from(*registered != Done::Yes);
        if *verified != Done::Maybe && account.is_verified != (*verified == Done::Yes) {
            self.faults.push(format!("{email}: is verified: {}", account.is_verified));
        }
        if account.first_name != *name {
            self.unacknowledged += 1;
            if !unacknowledged_names.contains(&account.first_name) {
                let is = &account.first_name;
                self.faults.push(format!(
                    "{email}: the name is {is:?}, and neither {name:?} nor one of {unacknowledged_names:?}"
                ));
            }
        }
        let there: BTreeSet<&str> = account.sessions.iter().map(String::as_str).collect();
        self.check_sessions(person, &there, rows);
        for Revocation { session, ends_session } in &person.revocations {
            if *ends_session && there.contains(&**session) {
                self.faults.push(format!("{email}: the session {session} was revoked and exists"));
            }
            if rows.tokens.contains_key(session) {
                self.faults.push(format!("{email}: the tokens of {session} were revoked and exist"));
            }
        }
    }

    fn check_sessions(&mut self, person: &Person, there: &BTreeSet<&str>, rows: &Rows) {
        let email = &person.email;
        for held in &person.sessions {
            let id = &held.session;
            if !there.contains(&**id) {
                self.faults.push(format!("{email}: the session {id} was acknowledged and does not exist"));
            }
            let hash = refresh::hash(&held.refresh_token);
            let tokens = rows.tokens.get(id).into_iter().flatten();
            if !tokens.filter(|token| is_live(token)).any(|token| token.hash == hash) {
                self.faults.push(format!("{email}: the newest refresh token of {id} is not valid"));
            }
        }
        let known = person.sessions.iter().map(|held| &held.session);
        let known = known.chain(&person.uncertain_sessions);
        let known: BTreeSet<&str> = known
            .chain(person.revocations.iter().map(|revoked| &revoked.session))
            .map(String::as_str)
            .collect();
        let strays = there.difference(&known).count();
        self.unacknowledged += strays as u64;
        if strays > person.unknown_logins as usize {
            let logins = person.unknown_logins;
            self.faults.push(format!("{email}: {strays} sessions from {logins} logins without a reply"));
        }
    }

    /// Checks that no session goes on with two tokens.
    fn check_family(&mut self, session: &str, tokens: &[Token]) {
        let live = tokens.iter().filter(|token| is_live(token)).count();
        if live != 1 {
            self.faults.push(format!("the session {session} has {live} live refresh tokens"));
        }
        let mut successors: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for token in tokens.iter().filter(|token| !token.is_replaced) {
            *successors.entry(token.predecessor.as_deref()).or_default() += 1;
        }
        if successors.values().any(|successors| *successors > 1) {
            self.faults.push(format!("a token of the session {session} has two successors that were valid"));
        }
    }

    /// Checks that each counter of guesses has counted each refused guess, and no throttled one.
    pub fn check_guesses(&mut self, victims: &[Victim], rows: &Rows) {
        for Victim { email, bursts } in victims {
            let Some(account) = rows.accounts.get(email) else {
                self.faults.push(format!("{email} does not exist"));
                continue;
            };
            let counted = |name: String| rows.attempts.get(&name).copied().unwrap_or_default();
            let mut total = 0;
            for Burst { network, refused, unanswered, .. } in bursts {
                let own = counted(format!("password:{}@{network}", account.id));
                let by_client = counted(format!("passwords-by:{network}"));
                let refused = i64::try_from(*refused).unwrap_or(i64::MAX);
                let most = refused.saturating_add(i64::try_from(*unanswered).unwrap_or(i64::MAX));
                let most = most.min(i64::try_from(FREE_GUESSES).unwrap_or(i64::MAX));
                if !(refused..=most).contains(&own) || by_client != own {
                    self.faults.push(format!(
                        "{email}: {refused} guesses from {network} were refused and {unanswered} not answered; \
                         counted: {own} for the account and the client, {by_client} for the client"
                    ));
                }
                total += own;
                self.unanswered_guesses += own - refused;
            }
            self.counted_guesses += total;
            let on_account = counted(format!("passwords-on:{}", account.id));
            if on_account != total {
                self.faults
                    .push(format!("{email}: counted {on_account} for the account, {total} for its clients"));
            }
        }
    }

    /// Checks that each mail was delivered once or twice, and that no other was.
    pub fn check_mails(&mut self, servers: &[Server], rows: &Rows) {
        let mut deliveries: BTreeMap<String, usize> = BTreeMap::new();
        for folder in servers.iter().flat_map(Server::mail_folders) {
            for name in mails::files(&folder).0 {
                *deliveries.entry(name).or_default() += 1;
            }
        }
        self.mails = deliveries.len();
        self.mails_delivered_twice = deliveries.values().filter(|number| **number == 2).count();
        for (name, number) in &deliveries {
            if !rows.mails.contains_key(name) {
                self.faults.push(format!("{name}: the mail is not in the outbox"));
            }
            if *number > 2 {
                self.faults.push(format!("{name}: the mail was delivered {number} times"));
            }
        }
        for (name, mail) in &rows.mails {
            if !mail.is_delivered {
                self.faults.push(format!("{name}: the mail to {} is not delivered", mail.recipient));
            } else if !deliveries.contains_key(name) {
                self.faults.push(format!(
                    "{name}: the mail to {} counts as delivered and has no file",
                    mail.recipient
                ));
            }
        }
        let mut activations: BTreeMap<&str, usize> = BTreeMap::new();
        for mail in rows.mails.values() {
            *activations.entry(&mail.recipient).or_default() += 1;
        }
        for email in rows.accounts.keys() {
            let number = activations.remove(&**email).unwrap_or_default();
            if number != 1 {
                self.faults.push(format!("{email} has {number} activation mails"));
            }
        }
        self.faults.extend(activations.keys().map(|email| format!("{email} has a mail and no account")));
    }
}

fn is_live(token: &Token) -> bool {
    !token.is_spent && !token.is_replaced
}
