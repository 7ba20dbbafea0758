//! Sends each request to the next server, as a reverse proxy would, and sorts the replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::servers::{Server, Status, lock};
use crate::trial::Trial;

const OUTCOME_UNKNOWN: &str = "Your request may have been carried out. Check before you send it again.";
/// Longer than a server waits for the database in the transactions of one request.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How long a request is repeated.
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(400);

pub enum Reply {
    /// The payload of a reply with status 200.
    Answered(Value),
    /// Nothing was carried out.
    Unavailable,
    /// The request may have been carried out.
    Unknown,
}

/// The answer to a request that was repeated.
pub struct Answer {
    pub payload: Value,
    /// How many earlier requests may have been carried out.
    pub unknown: u32,
}

pub struct Proxy {
    pub trial: Arc<Trial>,
    http: reqwest::Client,
    next: AtomicUsize,
}

impl Proxy {
    pub fn new(trial: &Arc<Trial>, first: usize) -> Self {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().expect("a client");
        Self { trial: Arc::clone(trial), http, next: AtomicUsize::new(first) }
    }

    /// Sends a request of a client in a network. A server that accepts no connection is left out.
    pub async fn send(&self, network: &str, token: Option<&str>, body: &Value) -> Reply {
        let servers = &self.trial.servers;
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for further in 0..servers.len() {
            let server = &servers[(first + further) % servers.len()];
            let (life, address) = server.newest();
            let mut request = self.http.post(format!("{address}/graphql")).json(body);
            request = request.header("X-Forwarded-For", network);
            if let Some(token) = token {
                request = request.header("Authorization", format!("JWT {token}"));
            }
            let sent = Instant::now();
            match request.send().await {
                Err(error) if error.is_connect() => {
                    self.trial.counters.refused_connections.add(1);
                    if server.status(life) == Status::Running {
                        self.trial
                            .fault(format!("{} runs and accepts no connection: {error:?}", server.name));
                    }
                }
                Err(error) => return self.broken(server, life, &error),
                Ok(reply) => return self.sort(server, life, sent, reply).await,
            }
        }
        self.trial.fault("no server accepts connections".to_owned());
        Reply::Unavailable
    }

    fn broken(&self, server: &Server, life: usize, error: &reqwest::Error) -> Reply {
        let counters = &self.trial.counters;
        match server.status(life) {
            Status::Killed => counters.broken_by_kill.add(1),
            // A server that stops closes idle connections, and may cross a request.
            Status::Stopping => counters.broken_by_stop.add(1),
            Status::Running => {
                self.trial.fault(format!("{} runs and sent no complete reply: {error:?}", server.name));
            }
        }
        Reply::Unknown
    }

    async fn sort(&self, server: &Server, life: usize, sent: Instant, reply: reqwest::Response) -> Reply {
        let counters = &self.trial.counters;
        let status = reply.status().as_u16();
        let says_when = reply.headers().contains_key("Retry-After");
        let text = match reply.text().await {
            Ok(text) => text,
            Err(error) => return self.broken(server, life, &error),
        };
        {
            let mut longest = lock(&counters.longest_reply);
            *longest = longest.max(sent.elapsed());
        }
        let parsed: Value = serde_json::from_str(&text).unwrap_or_default();
        let payload = &parsed["data"]["payload"];
        if status == 200 && parsed.get("errors").is_none() && !payload.is_null() {
            counters.answered.add(1);
            if payload["success"] == true {
                self.trial.writes.acknowledge(sent);
            }
            return Reply::Answered(payload.clone());
        }
        if status == 503 && says_when {
            counters.unavailable.add(1);
            return Reply::Unavailable;
        }
        if status == 200 && parsed["errors"][0]["message"] == OUTCOME_UNKNOWN {
            counters.outcome_unknown.add(1);
            return Reply::Unknown;
        }
        self.trial.fault(format!("{} replied {status}: {text}", server.name));
        Reply::Unknown
    }

    /// Sends a request until it is answered. Returns `None` if it never is, which is a violation.
    pub async fn insist(&self, network: &str, token: Option<&str>, body: &Value) -> Option<Answer> {
        let (began, mut unknown) = (Instant::now(), 0);
        loop {
            match self.send(network, token, body).await {
                Reply::Answered(payload) => return Some(Answer { payload, unknown }),
                Reply::Unavailable => {}
                Reply::Unknown => unknown += 1,
            }
            if began.elapsed() > PATIENCE {
                self.trial.fault(format!("a request was not answered for minutes: {body}"));
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

pub fn is_success(payload: &Value) -> bool {
    payload["success"] == true && payload["errors"].is_null()
}

/// Whether a payload contains an error with this code.
pub fn has_code(payload: &Value, code: &str) -> bool {
    let fields = payload["errors"].as_object().into_iter().flat_map(|errors| errors.values());
    fields.flat_map(|errors| errors.as_array().into_iter().flatten()).any(|error| error["code"] == code)
}
