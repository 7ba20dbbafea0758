//! `serve`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::log::{self, Volume};
use super::{check, lock};
use crate::accounts::migrate::{self, Migrated};
use crate::accounts::{Error, cleanup};
use crate::app::App;
use crate::clock::{Clock, Timestamp};
use crate::config::{self, Loaded};
use crate::random::Random;
use crate::{http, outbox, store};

/// Mail that became due, or was made due by `mail retry`, waits no longer than this.
const MAIL_PAUSE: Duration = Duration::from_secs(5);
/// Once requests are answered, mails are begun no longer than this. The one that is under way then may take as long as a
/// mail server is waited for, and what is left over leaves after the next start.
const LAST_MAILS: Duration = Duration::from_secs(5);
/// What has expired lies about no longer than this.
const SWEEP_PAUSE: Duration = Duration::from_hours(1);

/// Serves until the program is told to stop. `prepare` runs on the open database before the server listens.
pub(super) fn run(loaded: &Loaded, prepare: impl FnOnce(&App) -> Result<()>) -> Result<()> {
    let config = &loaded.config;
    let volume = log::begin(&config.log);
    let app = Arc::new(App::open(config.clone(), Clock::System, Random::from_system())?);
    let _lock = lock(config)?;
    let migrated = migrate::migrate(&app)?;
    prepare(&app)?;
    let runtime = tokio::runtime::Runtime::new().context("the threads for serving cannot be made")?;
    runtime.block_on(serve(app, loaded, migrated, volume))
}

async fn serve(app: Arc<App>, loaded: &Loaded, migrated: Migrated, volume: Volume) -> Result<()> {
    let server = http::bind(Arc::clone(&app))?;
    // Signals are heeded from here on: who reads the first line may send one.
    let told_to_stop = until_told_to_stop()?;
    let told_to_reload = signal(SignalKind::hangup()).context("SIGHUP cannot be received")?;
    greet(&app, &server, &migrated);
    if let Some(file) = loaded.readable_by_others() {
        let file = file.display();
        tracing::warn!("{file} holds a secret and others may read it; run `chmod 600 {file}`");
    }
    let (stop, stopped) = watch::channel(None);
    let clock = app.clock.clone();
    tell_systemd(&[NotifyState::Ready, NotifyState::Status(&format!("listening on {}", server.address()))]);
    let watchdog = tokio::spawn(feed_watchdog(Arc::clone(&app)));
    let (current, app) = watch::channel(app);
    let sweeper = tokio::spawn(sweep_hourly(app.clone()));
    let mail = tokio::spawn(deliver_mail(app, stopped));
    let reload = Reload { file: loaded.file.clone(), current, service: server.service(), volume };
    let reloading = tokio::spawn(reload.whenever(told_to_reload));
    let outcome = server.serve(told_to_stop).await;
    tracing::info!("stopping: requests are answered, mail that is due is delivered");
    tell_systemd(&[NotifyState::Stopping]);
    watchdog.abort();
    sweeper.abort();
    reloading.abort();
    let _ = stop.send(Some(clock.now().plus(LAST_MAILS)));
    mail.await?;
    outcome
}

/// Takes settings over while the server runs.
struct Reload {
    file: Option<PathBuf>,
    current: watch::Sender<Arc<App>>,
    service: http::Service,
    volume: Volume,
}

impl Reload {
    /// Does so whenever SIGHUP comes. Where something is wrong with the settings, those in force stay.
    async fn whenever(self, mut told: Signal) {
        let this = Arc::new(self);
        while told.recv().await.is_some() {
            let worker = Arc::clone(&this);
            match tokio::task::spawn_blocking(move || worker.now()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!("the settings stay as they were: {error:#}"),
                Err(panic) => tracing::error!("the settings stay as they were: {panic}"),
            }
        }
    }

    fn now(&self) -> Result<()> {
        let config = config::load(self.file.as_deref())?.config;
        let current = Arc::clone(&self.current.borrow());
        if let Some(setting) = current.config.differs_for_good(&config) {
            bail!("{setting}: this takes a restart");
        }
        check(&config)?;
        let app = Arc::new(current.with_settings(config)?);
        self.service.reload(Arc::clone(&app))?;
        self.volume.set(app.config.log.level);
        self.current.send_replace(app);
        tracing::info!("the settings were read again and are in force");
        Ok(())
    }
}

fn greet(app: &App, server: &http::Server, migrated: &Migrated) {
    let scheme = if app.config.http.tls.is_on() { "https" } else { "http" };
    let address = format!("{scheme}://{}", server.address());
    let graphiql = if app.config.graphql.graphiql { ", GraphiQL there in the browser" } else { "" };
    tracing::info!("listening on {address}, GraphQL at {address}/graphql{graphiql}");
    let database = app.config.database();
    match migrated.steps {
        0 => tracing::info!("data in {}", database.display()),
        steps => tracing::info!("data in {}, brought up to date, steps taken: {steps}", database.display()),
    }
    tracing::info!("mail {}; its links start with {}", app.mailer.describe(), app.config.public_url);
    if let Some(address) = server.metrics_address() {
        tracing::info!("metrics at http://{address}/metrics");
    }
    for warning in &migrated.warnings {
        tracing::warn!("{warning}");
    }
    if app.signing_key.is_short() {
        tracing::warn!("the secret key has fewer than 32 characters: tokens may be forged by who guesses it");
    }
    if !app.config.limits.enabled {
        tracing::warn!("limits.enabled is off: this is for tests, not for a server that others can reach");
    }
}

/// Delivers what transactions promised, each time one ends, and what waits, from time to time; once more at the end,
/// where mail leaves at all. `stopped` says when that end is over.
async fn deliver_mail(current: watch::Receiver<Arc<App>>, mut stopped: watch::Receiver<Option<Timestamp>>) {
    loop {
        let stopping = stopped.borrow().is_some();
        let app = Arc::clone(&current.borrow());
        if stopping && app.outage.is_on() {
            return;
        }
        let (worker, told) = (Arc::clone(&app), stopped.clone());
        let is_over = move |app: &App| told.borrow().is_some_and(|end| app.clock.now() >= end);
        let round = move || outbox::deliver_until(&worker, || is_over(&worker));
        match tokio::task::spawn_blocking(round).await {
            Ok(Ok(round)) if round.delivered > 0 => tracing::info!("mails delivered: {}", round.delivered),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!("mail cannot be delivered: {error:#}"),
            Err(panic) => tracing::error!("mail cannot be delivered: {panic}"),
        }
        if stopping {
            return;
        }
        tokio::select! {
            () = app.committed.notified() => {}
            () = tokio::time::sleep(MAIL_PAUSE) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Sweeps what has expired, at the start and each hour: in small steps, between which others write and this may end.
async fn sweep_hourly(current: watch::Receiver<Arc<App>>) {
    let mut swept = 0;
    loop {
        let worker = Arc::clone(&current.borrow());
        match tokio::task::spawn_blocking(move || cleanup::cleanup(&worker)).await {
            Ok(Ok(more)) if more > 0 => {
                swept += more;
                continue;
            }
            Ok(Ok(_)) if swept > 0 => tracing::info!("rows that had expired are swept: {swept}"),
            Ok(Ok(_) | Err(Error::Refused(_) | Error::BadRequest(_) | Error::Unavailable(_))) => {}
            Ok(Err(Error::Internal(error))) => tracing::error!("what has expired cannot be swept: {error:#}"),
            Err(panic) => tracing::error!("what has expired cannot be swept: {panic}"),
        }
        swept = 0;
        tokio::time::sleep(SWEEP_PAUSE).await;
    }
}

/// Tells the service manager, where there is one; without it nobody has to know.
fn tell_systemd(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}

/// Tells systemd twice in its time that the database is read and threads are free; otherwise it starts the server anew.
async fn feed_watchdog(app: Arc<App>) {
    let Some(timeout) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(timeout / 2);
    loop {
        ticks.tick().await;
        let worker = Arc::clone(&app);
        let read = tokio::task::spawn_blocking(move || worker.store.read(store::outbox::count_undelivered));
        match read.await {
            Ok(Ok(_)) => tell_systemd(&[NotifyState::Watchdog]),
            Ok(Err(error)) => tracing::error!("the database cannot be read: {:#}", error.into_inner()),
            Err(panic) => tracing::error!("the database cannot be read: {panic}"),
        }
    }
}

fn until_told_to_stop() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be received")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
