//! Concurrent guesses of passwords at all servers. Each burst is from one network, at one account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::mutation;
use crate::proxy::{Proxy, Reply, has_code, is_success};
use crate::servers::FREE_GUESSES;
use crate::trial::Trial;

const BURST: usize = 24;
const PAUSE: Duration = Duration::from_secs(2);
const PASSWORD: &str = "nobody-Guesses-this-1";
const OWNERS: &str = "10.254.0.1";

/// What the servers replied to a burst.
pub struct Burst {
    pub network: String,
    /// Replies that the password is wrong, each of which must have been counted.
    pub refused: usize,
    /// Replies that it is too early, none of which may have been counted.
    pub throttled: usize,
    /// Requests without a reply about the password. They may have been counted.
    pub unanswered: usize,
}

pub struct Victim {
    pub email: String,
    pub bursts: Vec<Burst>,
}

/// Registers an account and guesses its password until the trial is over.
pub async fn guess(trial: Arc<Trial>, number: usize, until: Instant) -> Victim {
    let proxy = Proxy::new(&trial, number);
    let email = format!("victim{number}@example.org");
    let mut victim = Victim { email, bursts: Vec::new() };
    let registration = mutation::register(&victim.email, PASSWORD).body();
    let registered = proxy.insist(OWNERS, None, &registration).await;
    if !registered.is_some_and(|answer| is_success(&answer.payload)) {
        trial.fault(format!("{} cannot be registered", victim.email));
        return victim;
    }
    while Instant::now() < until {
        let burst = victim.bursts.len();
        let network = format!("10.{}.{}.{}", 200 + number, burst / 250, 1 + burst % 250);
        let burst = guess_at_once(&proxy, &victim.email, network).await;
        let Burst { refused, throttled, unanswered, .. } = &burst;
        let is_exact =
            *refused == FREE_GUESSES || *refused < FREE_GUESSES && *refused + *unanswered >= FREE_GUESSES;
        if !is_exact {
            trial.fault(format!(
                "{}: of {BURST} guesses at once, {FREE_GUESSES} are free, and the replies were: {refused} wrong, \
                 {throttled} too early, {unanswered} unknown",
                victim.email
            ));
        }
        victim.bursts.push(burst);
        tokio::time::sleep(PAUSE).await;
    }
    victim
}

async fn guess_at_once(proxy: &Proxy, email: &str, network: String) -> Burst {
    let requests: Vec<_> =
        (0..BURST).map(|number| mutation::log_in(email, &format!("wrong-Guess-{number}")).body()).collect();
    let replies = join_all(requests.iter().map(|request| proxy.send(&network, None, request))).await;
    let mut burst = Burst { network, refused: 0, throttled: 0, unanswered: 0 };
    for reply in replies {
        match reply {
            Reply::Answered(payload) if has_code(&payload, "invalid_credentials") => burst.refused += 1,
            Reply::Answered(payload) if has_code(&payload, "too_many_attempts") => burst.throttled += 1,
            Reply::Answered(payload) => {
                proxy.trial.fault(format!("{email}: a wrong password was answered with {payload}"));
            }
            Reply::Unavailable | Reply::Unknown => burst.unanswered += 1,
        }
    }
    burst
}
