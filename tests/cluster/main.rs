//! Kills the leader of a PostgreSQL cluster, and servers on it, under load, and checks that they keep everything that they
//! acknowledged.
//!
//! `cargo test --release --test cluster -- --minutes 10` starts `cluster.sh` and three servers. Clients register, follow
//! links, log in, change their names, refresh and revoke tokens, and others guess passwords, each at all servers in turn.
//! Each client remembers what was acknowledged, and which requests had no reply. At the end all mail is delivered, and
//! `check.rs` compares the database and the mails with what the clients know. README.md lists what is checked.

mod check;
mod client;
mod events;
mod guesses;
#[path = "../endurance/mails.rs"]
mod mails;
#[path = "../it/support/mutation.rs"]
#[expect(dead_code, reason = "the tests in `it` send more mutations")]
mod mutation;
mod patroni;
mod people;
mod proxy;
mod rows;
mod servers;
mod summary;
#[path = "../endurance/tokens.rs"]
mod tokens;
mod trial;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _, TryRng as _};

use check::Findings;
use client::Client;
use events::{Events, Report};
use guesses::Victim;
use patroni::Patroni;
use rows::Rows;
use servers::Server;
use trial::Trial;

const SERVERS: usize = 3;
const VICTIMS: usize = 2;
/// A mail that a killed server had claimed is due again after eleven minutes.
const MAX_WAIT_FOR_MAIL: Duration = Duration::from_mins(13);
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Kills the leader of a PostgreSQL cluster, and servers on it, and checks that all they acknowledged is there afterwards.
#[derive(Parser)]
struct Arguments {
    /// How long clients send requests.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The number of concurrent clients, besides those that guess passwords.
    #[arg(long, default_value_t = 12)]
    clients: usize,
    /// The seed of requests and events. It is random by default.
    #[arg(long)]
    seed: Option<u64>,
}

/// What the clients know at the end.
struct Outcome {
    clients: Vec<Client>,
    victims: Vec<Victim>,
    report: Report,
}

fn main() -> ExitCode {
    let Arguments { minutes, clients, seed } = Arguments::parse();
    if let Some(program) = patroni::missing_program() {
        println!(
            "skipped: {program} is missing; tests/cluster/README.md lists the packages of Debian that this test needs"
        );
        return ExitCode::SUCCESS;
    }
    let seed = seed.unwrap_or_else(|| {
        u64::from(rand::rngs::SysRng.try_next_u32().expect("the operating system has random numbers"))
    });
    println!("minutes: {minutes}, servers: {SERVERS}, clients: {clients}, seed: {seed}");
    // If root starts the cluster, PostgreSQL runs as another user, who must be able to enter the folder.
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("p4f-cluster-").permissions(Permissions::from_mode(0o755));
    let folder = builder.tempdir().expect("a temporary folder");
    let violations = match run(folder.path(), Duration::from_mins(minutes), clients, seed) {
        Ok(violations) => violations,
        Err(error) => {
            eprintln!("the test cannot go on: {error}");
            1
        }
    };
    println!("violations: {violations}");
    if violations == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("logs, mails and a dump of the database are in {}", folder.keep().display());
    ExitCode::FAILURE
}

/// Ends the servers before the cluster, also after an error.
struct End<'a>(&'a Trial);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
        self.0.servers.iter().for_each(Server::kill);
    }
}

/// Returns the number of violations.
fn run(folder: &Path, length: Duration, clients: usize, seed: u64) -> Result<u64, String> {
    let patroni = Arc::new(Patroni::start(folder.join("database"))?);
    let servers = (1..=SERVERS).map(|number| Server::new(folder, format!("server{number}"), &patroni.url));
    let trial = Trial::new(servers.collect());
    let _end = End(&trial);
    for server in &trial.servers {
        server.start()?;
    }
    println!("the cluster and {SERVERS} servers run");
    let reader = std::thread::spawn({
        let trial = Arc::clone(&trial);
        move || trial.read_mails()
    });
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = use_servers(&trial, &patroni, length, clients, seed) => Some(outcome),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    let outcome = outcome.ok_or_else(|| "interrupted".to_owned())?;
    let waited = wait_for_mail(&trial, &patroni.url)?;
    trial.is_over.store(true, Ordering::SeqCst);
    reader.join().map_err(|_| "the mails cannot be read".to_owned())?;
    let rows = Rows::read(&patroni.url).map_err(|error| format!("the database cannot be read: {error}"))?;
    for server in &trial.servers {
        if let Some(status) = server.unexpected_end() {
            trial.fault(format!("{} ended by itself: {status}", server.name));
        } else if let Err(fault) = server.terminate() {
            trial.fault(fault);
        }
        for line in server.log_lines("panicked") {
            trial.fault(format!("{}: {line}", server.name));
        }
    }
    let Outcome { clients, victims, report } = outcome;
    let mut findings = Findings::default();
    let people = || clients.iter().flat_map(|client| &client.people);
    findings.check_people(people(), victims.len(), &rows);
    findings.check_guesses(&victims, &rows);
    findings.check_mails(&trial.servers, &rows);
    let people: Vec<_> = people().collect();
    print!("{}", summary::table(&trial, &people, &victims, &report, &findings, &rows, waited));
    findings.faults.into_iter().for_each(|fault| trial.fault(fault));
    let violations = trial.faults.get();
    if violations > 0 {
        patroni.dump(&folder.join("dump.sql"));
    }
    Ok(violations)
}

async fn use_servers(
    trial: &Arc<Trial>,
    patroni: &Arc<Patroni>,
    length: Duration,
    clients: usize,
    seed: u64,
) -> Outcome {
    let mut random = StdRng::seed_from_u64(seed);
    let until = Instant::now() + length;
    let events = tokio::spawn(Events::new(trial, patroni, random.random()).run(until));
    let clients = (0..clients).map(|number| Client::new(trial, number, random.random()).work(until));
    let clients: Vec<_> = clients.map(tokio::spawn).collect();
    let victims = (0..VICTIMS).map(|number| guesses::guess(Arc::clone(trial), number, until));
    let victims: Vec<_> = victims.map(tokio::spawn).collect();
    let finished = "a task that does not panic";
    Outcome {
        report: events.await.expect(finished).report,
        clients: join_all(clients).await.into_iter().map(|client| client.expect(finished)).collect(),
        victims: join_all(victims).await.into_iter().map(|victim| victim.expect(finished)).collect(),
    }
}

/// Waits until no mail waits for its delivery. Returns how long that took.
fn wait_for_mail(trial: &Trial, url: &str) -> Result<Duration, String> {
    let began = Instant::now();
    loop {
        let waiting =
            rows::count_waiting(url).map_err(|error| format!("the outbox cannot be read: {error}"))?;
        if waiting == 0 {
            return Ok(began.elapsed());
        }
        if began.elapsed() > MAX_WAIT_FOR_MAIL {
            trial.fault(format!("{waiting} mails still wait after {MAX_WAIT_FOR_MAIL:?}"));
            return Ok(began.elapsed());
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}
