//! What happens to the cluster and the servers while clients use them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::patroni::Patroni;
use crate::trial::Trial;

const SECONDS_BETWEEN_EVENTS: std::ops::RangeInclusive<u64> = 30..=45;
const SECONDS_UNTIL_RESTART: std::ops::RangeInclusive<u64> = 2..=6;
/// After this time another node has become the leader.
const UNTIL_REVIVAL: Duration = Duration::from_secs(25);
/// Before the lock of the killed leader expires, so that it stays the leader.
const UNTIL_EARLY_REVIVAL: Duration = Duration::from_secs(3);
const MAX_OUTAGE: Duration = Duration::from_secs(90);

/// How often something happened, and how long writes failed.
#[derive(Default)]
pub struct Report {
    pub leaders: u32,
    pub early_revivals: u32,
    pub kills: u32,
    pub stops: u32,
    /// The longest time without an acknowledged write after the kill of a leader and of a server.
    pub longest_without_leader: Duration,
    pub longest_without_server: Duration,
}

pub struct Events {
    pub trial: Arc<Trial>,
    pub patroni: Arc<Patroni>,
    random: StdRng,
    began: Instant,
    pub report: Report,
}

impl Events {
    pub fn new(trial: &Arc<Trial>, patroni: &Arc<Patroni>, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self {
            trial: Arc::clone(trial),
            patroni: Arc::clone(patroni),
            random,
            began: Instant::now(),
            report: Report::default(),
        }
    }

    pub async fn run(mut self, until: Instant) -> Self {
        let mut number = 0;
        loop {
            let next = Instant::now() + Duration::from_secs(self.random.random_range(SECONDS_BETWEEN_EVENTS));
            if number > 0 {
                let event = match number % 3 {
                    1 => self.kill_leader().await,
                    2 => self.end_server(true).await,
                    _ => self.end_server(false).await,
                };
                let seconds = self.began.elapsed().as_secs();
                match event {
                    Ok(line) => println!("{seconds:>4} s  {line}"),
                    Err(error) => self.trial.fault(error),
                }
            }
            number += 1;
            // The first event comes soon, and the last one ends before the clients do.
            let next = if number == 1 { Instant::now() + Duration::from_secs(10) } else { next };
            if next + UNTIL_REVIVAL > until {
                tokio::time::sleep_until(until.into()).await;
                return self;
            }
            tokio::time::sleep_until(next.into()).await;
        }
    }

    async fn kill_leader(&mut self) -> Result<String, String> {
        let is_early = self.random.random_bool(0.25);
        let leader = self.block(Patroni::kill_leader).await?;
        self.trial.writes.begin();
        let killed = Instant::now();
        let revive = async {
            let delay = if is_early { UNTIL_EARLY_REVIVAL } else { UNTIL_REVIVAL };
            tokio::time::sleep(delay).await;
            let node = leader.clone();
            self.block(move |patroni| patroni.revive(&node)).await
        };
        let (waited, revived) = tokio::join!(self.trial.writes.wait(MAX_OUTAGE), revive);
        revived?;
        let waited = waited
            .ok_or_else(|| format!("no write succeeded for {MAX_OUTAGE:?} after the kill of {leader}"))?;
        self.block(Patroni::wait_until_healthy).await?;
        self.report.leaders += 1;
        self.report.early_revivals += u32::from(is_early);
        self.report.longest_without_leader = self.report.longest_without_leader.max(waited);
        let revival = if is_early { "was revived at once" } else { "was revived later" };
        Ok(format!(
            "killed the leader {leader}, which {revival}: first write after {:.1} s, healthy after {:.0} s",
            waited.as_secs_f64(),
            killed.elapsed().as_secs_f64()
        ))
    }

    /// Kills a server, or stops it with SIGTERM, and starts it again.
    async fn end_server(&mut self, is_kill: bool) -> Result<String, String> {
        let indices: Vec<usize> = (0..self.trial.servers.len()).collect();
        let server = *indices.choose(&mut self.random).expect("servers");
        let name = self.trial.servers[server].name.clone();
        self.trial.writes.begin();
        let began = Instant::now();
        self.block_with_servers(move |trial| {
            let server = &trial.servers[server];
            if is_kill {
                server.kill();
                return Ok(());
            }
            server.terminate()
        })
        .await?;
        let ended = began.elapsed();
        let waited = self.trial.writes.wait(MAX_OUTAGE).await;
        let waited = waited.ok_or_else(|| format!("no write succeeded for {MAX_OUTAGE:?} without {name}"))?;
        let pause = self.random.random_range(SECONDS_UNTIL_RESTART);
        tokio::time::sleep(Duration::from_secs(pause)).await;
        self.block_with_servers(move |trial| trial.servers[server].start()).await?;
        *(if is_kill { &mut self.report.kills } else { &mut self.report.stops }) += 1;
        self.report.longest_without_server = self.report.longest_without_server.max(waited);
        let how = if is_kill {
            "killed".to_owned()
        } else {
            format!("stopped with SIGTERM in {:.1} s", ended.as_secs_f64())
        };
        Ok(format!(
            "{name} was {how}: first write after {:.2} s, restarted after {:.0} s",
            waited.as_secs_f64(),
            began.elapsed().as_secs_f64()
        ))
    }

    async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Patroni) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let patroni = Arc::clone(&self.patroni);
        tokio::task::spawn_blocking(move || work(&patroni)).await.expect("a task that does not panic")
    }

    async fn block_with_servers(
        &self,
        work: impl FnOnce(&Trial) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let trial = Arc::clone(&self.trial);
        tokio::task::spawn_blocking(move || work(&trial)).await.expect("a task that does not panic")
    }
}
