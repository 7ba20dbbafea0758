//! What all tasks of a run share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::mails;
use crate::servers::{Server, lock};

const POLL_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The replies of all servers, by kind.
#[derive(Default)]
pub struct Counters {
    pub answered: Counter,
    pub unavailable: Counter,
    pub outcome_unknown: Counter,
    pub broken_by_kill: Counter,
    pub broken_by_stop: Counter,
    pub refused_connections: Counter,
    /// Changes that were carried out although their reply was lost.
    pub stored_unacknowledged: Counter,
    /// Refreshes that were repeated after their reply was lost.
    pub repeated_refreshes: Counter,
    pub parallel_refreshes: Counter,
    pub longest_reply: Mutex<Duration>,
}

pub struct Trial {
    pub servers: Vec<Server>,
    pub counters: Counters,
    pub writes: Writes,
    /// The newest token in a mail, by recipient.
    pub links: Mutex<BTreeMap<String, String>>,
    pub is_over: AtomicBool,
    /// The number of violations.
    pub faults: Counter,
}

impl Trial {
    pub fn new(servers: Vec<Server>) -> Arc<Self> {
        Arc::new(Self {
            servers,
            counters: Counters::default(),
            writes: Writes::default(),
            links: Mutex::default(),
            is_over: AtomicBool::new(false),
            faults: Counter::default(),
        })
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Reports a violation.
    pub fn fault(&self, fault: String) {
        eprintln!("violation: {fault}");
        self.faults.add(1);
    }

    /// Collects the links in mails as long as the trial lasts.
    pub fn read_mails(&self) {
        let mut seen = std::collections::BTreeSet::new();
        while !self.is_over() {
            for folder in self.servers.iter().flat_map(Server::mail_folders) {
                for name in mails::files(&folder).0 {
                    let path = folder.join(name);
                    if !seen.insert(path.clone()) {
                        continue;
                    }
                    match mails::read(&path) {
                        Some((_, to, text)) => {
                            let link = mails::link_in(&text);
                            lock(&self.links).extend(link.map(|link| (to, link)));
                        }
                        None => self.fault(format!("{}: the mail is incomplete", path.display())),
                    }
                }
            }
            std::thread::sleep(POLL_INTERVAL * 10);
        }
    }
}

/// Measures how long no write succeeds after an event.
#[derive(Default)]
pub struct Writes(Mutex<Option<Wait>>);

struct Wait {
    began: Instant,
    first_write: Option<Instant>,
}

impl Writes {
    pub fn begin(&self) {
        *lock(&self.0) = Some(Wait { began: Instant::now(), first_write: None });
    }

    /// Records the acknowledgement of a write. One that was sent before the event proves nothing.
    pub fn acknowledge(&self, sent: Instant) {
        if let Some(wait) = lock(&self.0).as_mut().filter(|wait| sent >= wait.began) {
            wait.first_write.get_or_insert_with(Instant::now);
        }
    }

    fn waited(&self) -> Option<Duration> {
        let wait = lock(&self.0);
        let wait = wait.as_ref()?;
        Some(wait.first_write?.duration_since(wait.began))
    }

    /// Returns how long it took until a write succeeded, or `None` if none did in time.
    pub async fn wait(&self, longest: Duration) -> Option<Duration> {
        let began = Instant::now();
        while self.waited().is_none() && began.elapsed() < longest {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.waited()
    }
}
