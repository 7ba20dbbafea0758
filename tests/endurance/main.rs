//! Kills the server while people use it, as often as one wishes, and holds it to what it acknowledged.
//!
//! `cargo test --test endurance -- --rounds 200` starts `serve` on one data folder that lives through all rounds. Clients
//! register, follow links, log in, refresh and change passwords until the server is killed without notice; each
//! remembers what was acknowledged, and the one request that was not answered. Then the database is read as it lies
//! there (`witness.rs`), and the next server is asked (`Client::check`). The clock is real and nothing is mocked, so
//! `--seed` repeats who wants what and when the server is killed, but not how far everybody gets.
//!
//! With `--every-write` each kind of request comes first by itself, and the server is killed ahead of the first write to the
//! disk that it causes, then ahead of the second, and so on, the delivery of mail included, until it causes no more.

mod client;
#[path = "../it/support/disk.rs"]
#[expect(dead_code, reason = "here the disk kills, and does not break")]
mod disk;
#[path = "../it/support/mutation.rs"]
#[expect(dead_code, reason = "the tests in `it` send more mutations")]
mod mutation;
mod people;
#[path = "../it/support/program.rs"]
#[expect(dead_code, reason = "tests of the command line do more with the program")]
mod program;
mod witness;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _, TryRng as _};

use client::Client;
use disk::Disk;
use people::{Figures, Wish};
use program::{Serving, Site, TIMEOUT};
use witness::Witness;

/// Cheap hashes come from [`Site`]. Nobody is slowed down: that is not what is tried here.
const SETTINGS: &str = "mail.transport = \"file\"\nlimits.enabled = false\n";
/// After how many milliseconds of use the server is killed.
const KILLED_AFTER: std::ops::RangeInclusive<u64> = 50..=500;
/// How long it is until something is looked at again.
const GLANCE: Duration = Duration::from_millis(20);
/// How many people of whom nothing was asked in a round each client looks at after it.
const BYSTANDERS: usize = 3;

/// Kills the server under load and checks that all it acknowledged is there afterwards.
#[derive(Parser)]
struct Arguments {
    /// How often the server is killed.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Whether it is killed at every write of each kind of request before that.
    #[arg(long)]
    every_write: bool,
    /// How many clients use it at a time.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// What clients want and when the server is killed is drawn from this; any number if left out.
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
    eprintln!("what the server left behind is in {}", site.path("data").display());
    // Dropped, it would be deleted.
    std::mem::forget(site);
    ExitCode::FAILURE
}

/// All rounds on one data folder.
struct Trial<'a> {
    site: &'a Site,
    clients: Vec<Client>,
    witness: Witness,
    random: StdRng,
    kills: u32,
}

type Outcome = Result<(), Vec<String>>;

impl<'a> Trial<'a> {
    fn new(site: &'a Site, clients: u32, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let witness = Witness::new(&site.path("data"));
        let clients = (0..clients).map(|number| Client::new(number, random.random(), witness.mails()));
        let clients = clients.collect();
        Self { site, clients, witness, random, kills: 0 }
    }

    async fn run(&mut self, rounds: u32, every_write: bool) -> Outcome {
        if every_write {
            self.every_write().await?;
        }
        for round in 1..=rounds {
            self.round().await?;
            if round % 10 == 0 {
                println!("{round:>5}  {}", self.figures().line());
            }
        }
        self.end().await
    }

    /// A server starts, is asked for what its predecessor acknowledged, is used, and is killed.
    async fn round(&mut self) -> Outcome {
        let server = self.site.serve();
        self.check(&server, BYSTANDERS).await?;
        let killed = AtomicBool::new(false);
        let delay = Duration::from_millis(self.random.random_range(KILLED_AFTER));
        let kill = async {
            tokio::time::sleep(delay).await;
            killed.store(true, Ordering::SeqCst);
            tokio::task::spawn_blocking(move || server.kill()).await.expect("the server can be killed");
        };
        let (used, ()) =
            tokio::join!(join_all(self.clients.iter_mut().map(|client| client.work(&killed))), kill);
        self.kills += 1;
        faults_of(used)?;
        self.witness.judge(&mut self.clients, false)
    }

    async fn every_write(&mut self) -> Outcome {
        for wish in [Wish::Register, Wish::Verify, Wish::LogIn, Wish::Refresh, Wish::Change] {
            let mut write = 1;
            while self.is_killed_at(write, wish).await? {
                write += 1;
            }
            println!("{wish:?}: killed ahead of each of {} writes", write - 1);
        }
        Ok(())
    }

    /// Whether there was such a write, so that the server was killed.
    async fn is_killed_at(&mut self, write: u32, wish: Wish) -> Result<bool, Vec<String>> {
        let disk = Disk::of(self.site);
        let mut server = self.site.serve_after(&disk.line());
        self.check(&server, 0).await?;
        let one = |fault| vec![fault];
        let (person, deed) = self.clients[0].prepare(wish).await.map_err(one)?;
        self.wait_for_mail(&mut server).await?;
        disk.kill_at(write);
        let unanswered = self.clients[0].attempt(person, &deed).await.map_err(one)?;
        let killed = match &unanswered {
            Some(_) => waited(&mut server, |server| Ok(has_ended(server))).await?,
            None => !self.wait_for_mail(&mut server).await?,
        };
        if let (Some(error), false) = (unanswered, killed) {
            return Err(one(format!("{wish:?}: not answered though the server was up: {error}")));
        }
        disk.repair();
        server.kill();
        self.kills += 1;
        self.witness.judge(&mut self.clients, false)?;
        Ok(killed)
    }

    /// Waits until all mail has been delivered, or the server has ended; whether it has not.
    async fn wait_for_mail(&self, server: &mut Serving) -> Result<bool, Vec<String>> {
        let at_rest = |server: &mut Serving| Ok(has_ended(server) || !self.witness.does_mail_wait()?);
        if waited(server, at_rest).await? {
            return Ok(!has_ended(server));
        }
        Err(vec!["mails wait that the server does not deliver".to_owned()])
    }

    /// The last server is asked for everybody, delivers all mail and ends in peace.
    async fn end(&mut self) -> Outcome {
        let mut server = self.site.serve();
        self.check(&server, usize::MAX).await?;
        self.wait_for_mail(&mut server).await?;
        let status = server.terminate().status;
        if status != Some(0) {
            return Err(vec![format!("the last server was asked to end, and did so with status {status:?}")]);
        }
        self.witness.judge(&mut self.clients, true)?;
        self.site.run(["verify"]).done();
        Ok(())
    }

    async fn check(&mut self, server: &Serving, bystanders: usize) -> Outcome {
        let endpoint = server.endpoint();
        faults_of(join_all(self.clients.iter_mut().map(|client| client.check(&endpoint, bystanders))).await)
    }

    fn figures(&self) -> Figures {
        self.clients.iter().map(|client| client.figures).sum()
    }

    fn summary(&self) -> String {
        format!("kills: {}\n{}{}", self.kills, self.figures().summary(), self.witness.summary())
    }
}

fn has_ended(server: &mut Serving) -> bool {
    server.child.try_wait().expect("a child of ours").is_some()
}

/// Waits until something holds; whether it came to hold.
async fn waited(
    server: &mut Serving,
    holds: impl Fn(&mut Serving) -> Result<bool, Vec<String>>,
) -> Result<bool, Vec<String>> {
    let began = Instant::now();
    while !holds(server)? {
        if began.elapsed() > TIMEOUT {
            return Ok(false);
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(true)
}

fn faults_of(outcomes: Vec<Result<(), String>>) -> Outcome {
    let faults: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}
