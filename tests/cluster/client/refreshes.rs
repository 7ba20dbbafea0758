//! Exchanges of refresh tokens, also by clients that lose a reply or send two requests at a time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Client, TOKENS};
use crate::mutation;
use crate::people::Person;
use crate::proxy::{Reply, is_success};
use crate::tokens::Tokens;

/// A server ends the session of a replaced token that is used after a minute.
const MAX_PARALLEL_DELAY: Duration = Duration::from_secs(50);

impl Client {
    pub(super) async fn refresh(&mut self, person: usize, session: usize) {
        let Person { network, sessions, .. } = &self.people[person];
        let request = mutation::refresh_token(&sessions[session].refresh_token).select(TOKENS).body();
        let Some(answer) = self.proxy.insist(network, None, &request).await else {
            return self.forget(person, session);
        };
        if answer.unknown > 0 {
            self.proxy.trial.counters.repeated_refreshes.add(1);
        }
        self.accept(person, session, &answer.payload);
    }

    /// Takes the tokens of a refresh, which must succeed.
    fn accept(&mut self, person: usize, session: usize, payload: &Value) {
        match Tokens::of(payload) {
            Some(new)
                if is_success(payload) && new.session == self.people[person].sessions[session].session =>
            {
                self.people[person].sessions[session] = new;
            }
            _ => {
                self.fault(person, "a refresh did not continue its session", payload);
                self.forget(person, session);
            }
        }
    }

    pub(super) fn forget(&mut self, person: usize, session: usize) {
        let person = &mut self.people[person];
        person.uncertain_sessions.push(person.sessions.swap_remove(session).session);
    }

    /// Refreshes, ignores the reply, and refreshes again with the same token.
    pub(super) async fn refresh_after_lost_reply(&mut self, person: usize) {
        let session = self.session(person);
        let Person { network, sessions, .. } = &self.people[person];
        let request = mutation::refresh_token(&sessions[session].refresh_token).select(TOKENS).body();
        let _ = self.proxy.send(network, None, &request).await;
        self.proxy.trial.counters.repeated_refreshes.add(1);
        match self.proxy.insist(network, None, &request).await {
            Some(answer) => self.accept(person, session, &answer.payload),
            None => self.forget(person, session),
        }
    }

    /// Refreshes at two servers with the same token. Only one of the two new tokens may work.
    pub(super) async fn refresh_in_parallel(&mut self, person: usize) {
        let session = self.session(person);
        let began = Instant::now();
        let Person { network, sessions, .. } = &self.people[person];
        let body = |token: &str| mutation::refresh_token(token).select(TOKENS).body();
        let request = body(&sessions[session].refresh_token);
        let (one, other) =
            tokio::join!(self.proxy.send(network, None, &request), self.proxy.send(network, None, &request));
        let (Reply::Answered(one), Reply::Answered(other)) = (one, other) else {
            return self.refresh(person, session).await;
        };
        let (Some(first), Some(second)) = (Tokens::of(&one), Tokens::of(&other)) else {
            let what = "one of two parallel refreshes was rejected";
            return self.fault(person, what, &json!([one, other]));
        };
        let (first, second) = (body(&first.refresh_token), body(&second.refresh_token));
        let (first, second) =
            (self.proxy.insist(network, None, &first).await, self.proxy.insist(network, None, &second).await);
        let (Some(first), Some(second)) = (first, second) else { return self.forget(person, session) };
        if began.elapsed() > MAX_PARALLEL_DELAY {
            return self.forget(person, session);
        }
        self.proxy.trial.counters.parallel_refreshes.add(1);
        match (is_success(&first.payload), is_success(&second.payload)) {
            (true, false) => self.accept(person, session, &first.payload),
            (false, true) => self.accept(person, session, &second.payload),
            _ => {
                let what = "of two tokens from parallel refreshes, one should work";
                self.fault(person, what, &json!([first.payload, second.payload]));
                self.forget(person, session);
            }
        }
    }
}
