//! The threads that compute hashes. Each has memory of its own, and a lower priority than the rest of the program, so that
//! many logins do not delay other requests.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::engine::Memory;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// What is added to the "nice" value of the threads.
const NICE: i32 = 15;
/// A thread without a hash for this time frees its memory.
const IDLE_TIME: Duration = Duration::from_secs(10);

/// The threads end when this value is dropped.
pub(super) struct HashingThreads(Sender<Job>);

impl HashingThreads {
    pub(super) fn start(count: usize) -> Result<Self> {
        let (sender, jobs) = unbounded();
        for number in 1..=count {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || run_jobs(&jobs))
                .context("a thread cannot be started")?;
        }
        Ok(Self(sender))
    }

    /// Calls `compute` on one of the threads, and waits for its result.
    pub(super) fn run<T: Send + 'static>(
        &self,
        compute: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> T {
        let (sender, result) = bounded(1);
        let job = move |memory: &mut Memory| {
            // The receiver waits for it.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(|| compute(memory))));
        };
        self.0.send(Box::new(job)).expect("the threads receive as long as the sender exists");
        result
            .recv()
            .expect("a thread sends one result for each job")
            .unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn run_jobs(jobs: &Receiver<Job>) {
    // If this is not permitted, hashes compete with other requests at the same priority.
    let _ = rustix::process::nice(NICE);
    while let Ok(job) = jobs.recv() {
        let mut memory = Memory::default();
        job(&mut memory);
        while let Ok(job) = jobs.recv_timeout(IDLE_TIME) {
            job(&mut memory);
        }
    }
}
