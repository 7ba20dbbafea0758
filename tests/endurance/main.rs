//! Kills the server under load, and checks that it keeps everything that it acknowledged.
//!
//! `cargo test --test endurance -- --rounds 200` starts `serve` on one data folder that lives through all rounds. Clients
//! register, follow links, log in, refresh and change passwords until the server is killed. Each client remembers what was
//! acknowledged, and the one request without a reply. Then `database_check.rs` reads the database, and `Client::check`
//! queries the next server. The clock is real, so `--seed` repeats the requests and the delays, but not the exact state at
//! a kill.
//!
//! With `--every-write`, the server is first killed at every write to the disk that each kind of request causes, including
//! the delivery of mail.

mod client;
#[path = "../it/support/database.rs"]
#[expect(dead_code, reason = "only `it` runs on PostgreSQL")]
mod database;
mod database_check;
#[path = "../it/support/disk.rs"]
#[expect(dead_code, reason = "only `it` breaks the disk")]
mod disk;
mod mails;
#[path = "../it/support/mutation.rs"]
#[expect(dead_code, reason = "the tests in `it` send more mutations")]
mod mutation;
mod people;
#[path = "../it/support/program.rs"]
#[expect(dead_code, reason = "`it` uses more of the program")]
mod program;
mod tokens;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _, TryRng as _};

use client::Client;
use database_check::DatabaseCheck;
use disk::Disk;
use people::{ActionKind, Counters};
use program::{Serving, Site, TIMEOUT};

/// [`Site`] adds cheap password hashes. Throttling is tested elsewhere.
const SETTINGS: &str = "mail.transport = \"file\"\nlimits.enabled = false\n";
const MILLISECONDS_UNTIL_KILL: std::ops::RangeInclusive<u64> = 50..=500;
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The number of idle people that each client checks after a round.
const IDLE_PEOPLE: usize = 3;

/// Kills the server under load and checks that all it acknowledged is there afterwards.
#[derive(Parser)]
struct Arguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// First kill the server at every write of each kind of request.
    #[arg(long)]
    every_write: bool,
    /// The number of concurrent clients.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// The seed of requests and delays. It is random by default.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { rounds, every_write, clients, seed } = Arguments::parse();
    let seed = seed.unwrap_or_else(|| {
        u64::from(rand::rngs::SysRng.try_next_u32().expect("the operating system has random numbers"))
    });
    println!("rounds: {rounds}, clients: {clients}, seed: {seed}");
    let site = Site::with_settings(SETTINGS);
    let mut trial = Trial::new(&site, clients, seed);
    let began = Instant::now();
    let outcome = trial.run(rounds, every_write).await;
    println!("{}seconds: {}", trial.summary(), began.elapsed().as_secs());
    let Err(faults) = outcome else {
        println!("faults: 0");
        return ExitCode::SUCCESS;
    };
    println!("faults: {}", faults.len());
    for fault in &faults {
        eprintln!("fault: {fault}");
    }
    eprintln!("the data are in {}", site.path("data").display());
    // Keeps the folder for inspection.
    std::mem::forget(site);
    ExitCode::FAILURE
}

/// All rounds on one data folder.
struct Trial<'a> {
    site: &'a Site,
    clients: Vec<Client>,
    database_check: DatabaseCheck,
    random: StdRng,
    kills: u32,
}

type Outcome = Result<(), Vec<String>>;

impl<'a> Trial<'a> {
    fn new(site: &'a Site, clients: u32, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let database_check = DatabaseCheck::new(&site.path("data"));
        let clients = (0..clients).map(|number| Client::new(number, random.random(), database_check.mails()));
        let clients = clients.collect();
        Self { site, clients, database_check, random, kills: 0 }
    }

    async fn run(&mut self, rounds: u32, every_write: bool) -> Outcome {
        if every_write {
            self.every_write().await?;
        }
        for round in 1..=rounds {
            self.round().await?;
            if round % 10 == 0 {
                println!("{round:>5}  {}", self.counters().line());
            }
        }
        self.end().await
    }

    /// Starts a server, checks what its predecessor acknowledged, uses it and kills it.
    async fn round(&mut self) -> Outcome {
        let server = self.site.serve();
        self.check(&server, IDLE_PEOPLE).await?;
        let killed = AtomicBool::new(false);
        let delay = Duration::from_millis(self.random.random_range(MILLISECONDS_UNTIL_KILL));
        let kill = async {
            tokio::time::sleep(delay).await;
            killed.store(true, Ordering::SeqCst);
            tokio::task::spawn_blocking(move || server.kill()).await.expect("the server can be killed");
        };
        let (used, ()) =
            tokio::join!(join_all(self.clients.iter_mut().map(|client| client.work(&killed))), kill);
        self.kills += 1;
        faults_of(used)?;
        self.database_check.check(&mut self.clients, false)
    }

    async fn every_write(&mut self) -> Outcome {
        for kind in [
            ActionKind::Register,
            ActionKind::Verify,
            ActionKind::LogIn,
            ActionKind::Refresh,
            ActionKind::Change,
        ] {
            let mut write = 1;
            while self.is_killed_at(write, kind).await? {
                write += 1;
            }
            println!("{kind:?}: killed at each of {} writes", write - 1);
        }
        Ok(())
    }

    /// Kills the server at a write of an action. Returns whether there was such a write.
    async fn is_killed_at(&mut self, write: u32, kind: ActionKind) -> Result<bool, Vec<String>> {
        let disk = Disk::of(self.site);
        let mut server = self.site.serve_after(&disk.line());
        self.check(&server, 0).await?;
        let one = |fault| vec![fault];
        let (person, action) = self.clients[0].prepare(kind).await.map_err(one)?;
        self.wait_for_mail(&mut server).await?;
        disk.kill_at(write);
        let unanswered = self.clients[0].attempt(person, &action).await.map_err(one)?;
        let killed = match &unanswered {
            Some(_) => wait_until(&mut server, |server| Ok(has_ended(server))).await?,
            None => !self.wait_for_mail(&mut server).await?,
        };
        if let (Some(error), false) = (unanswered, killed) {
            return Err(one(format!("{kind:?}: no reply from a running server: {error}")));
        }
        disk.repair();
        server.kill();
        self.kills += 1;
        self.database_check.check(&mut self.clients, false)?;
        Ok(killed)
    }

    /// Waits until all mail is delivered or the server has ended. Returns whether the server still runs.
    async fn wait_for_mail(&self, server: &mut Serving) -> Result<bool, Vec<String>> {
        let at_rest =
            |server: &mut Serving| Ok(has_ended(server) || !self.database_check.has_undelivered_mail()?);
        if wait_until(server, at_rest).await? {
            return Ok(!has_ended(server));
        }
        Err(vec!["the server does not deliver its mails".to_owned()])
    }

    /// Checks everything with a last server, which delivers all mail and stops.
    async fn end(&mut self) -> Outcome {
        let mut server = self.site.serve();
        self.check(&server, usize::MAX).await?;
        self.wait_for_mail(&mut server).await?;
        let status = server.terminate().status;
        if status != Some(0) {
            return Err(vec![format!("the last server ended with status {status:?}")]);
        }
        self.database_check.check(&mut self.clients, true)?;
        self.site.run(["verify"]).done();
        Ok(())
    }

    async fn check(&mut self, server: &Serving, idle_people: usize) -> Outcome {
        let endpoint = server.endpoint();
        faults_of(join_all(self.clients.iter_mut().map(|client| client.check(&endpoint, idle_people))).await)
    }

    fn counters(&self) -> Counters {
        self.clients.iter().map(|client| client.counters).sum()
    }

    fn summary(&self) -> String {
        format!("kills: {}\n{}{}", self.kills, self.counters().summary(), self.database_check.summary())
    }
}

fn has_ended(server: &mut Serving) -> bool {
    server.child.try_wait().expect("a child of ours").is_some()
}

/// Waits until a condition holds. Returns whether it did in time.
async fn wait_until(
    server: &mut Serving,
    holds: impl Fn(&mut Serving) -> Result<bool, Vec<String>>,
) -> Result<bool, Vec<String>> {
    let began = Instant::now();
    while !holds(server)? {
        if began.elapsed() > TIMEOUT {
            return Ok(false);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(true)
}

fn faults_of(outcomes: Vec<Result<(), String>>) -> Outcome {
    let faults: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
