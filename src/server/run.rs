use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::reload::{Reload, SetLogLevel};
use super::{cleanup_worker, delivery_worker, systemd};
use crate::accounts::migrate::{self, Migrated};
use crate::accounts::passkeys;
use crate::app::{App, lock_data_dir, secret_key};
use crate::clock::Clock;
use crate::config::Loaded;
use crate::http;
use crate::random::Random;
use crate::store;

/// How long deliveries are started after the last request. A delivery in progress is not interrupted. The remaining mail is
/// delivered after the next start.
const LAST_DELIVERIES: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
pub fn run(loaded: &Loaded, set_log_level: SetLogLevel) -> Result<()> {
    let config = &loaded.config;
    let app = Arc::new(App::open(config.clone(), Clock::System, Random::from_system())?);
    let _lock = lock_data_dir(&config.data_dir)?;
    let mut migrated = migrate::migrate(&app)?;
    if app.store.is_shared() {
        secret_key::store_or_require_same(&app)?;
        migrated.warnings.extend(app.store.warnings()?);
    }
    migrated.warnings.extend(passkeys::domain_warning(&app)?);
    let staff = config.pages.admin.then(|| app.store.read(store::accounts::count_all)).transpose()?;
    let staff = staff.map(|counts| counts.staff);
    let runtime = tokio::runtime::Runtime::new().context("the threads of the server cannot be started")?;
    runtime.block_on(serve(app, loaded, migrated, staff, set_log_level))
}

async fn serve(
    app: Arc<App>,
    loaded: &Loaded,
    migrated: Migrated,
    staff: Option<i64>,
    set_log_level: SetLogLevel,
) -> Result<()> {
    let server = http::bind(Arc::clone(&app))?;
    // Before the first line is logged, because a process that waits for that line may then send a signal.
    let stop_signal = stop_signal()?;
    let reload_signal = signal(SignalKind::hangup()).context("SIGHUP cannot be received")?;
    log_startup(&app, &server, &migrated);
    if let Some(staff) = staff {
        let accounts = if staff == 1 { "account is" } else { "accounts are" };
        tracing::info!("pages.admin is on: {staff} {accounts} staff and may use /admin");
    }
    if let Some(file) = loaded.exposed_file() {
        let file = file.display();
        tracing::warn!("{file} contains a secret and others may read it; run `chmod 600 {file}`");
    }
    systemd::notify(&[
        NotifyState::Ready,
        NotifyState::Status(&format!("listening on {}", server.address())),
    ]);
    let clock = app.clock.clone();
    let watchdog = tokio::spawn(systemd::notify_watchdog(Arc::clone(&app)));
    let (current_sender, current) = watch::channel(app);
    let (deadline_sender, deadline) = watch::channel(None);
    let cleanup = tokio::spawn(cleanup_worker::run(current.clone()));
    let delivery = tokio::spawn(delivery_worker::run(current, deadline));
    let reload = Reload {
        file: loaded.file.clone(),
        current: current_sender,
        service: server.service(),
        set_log_level,
    };
    let reload = tokio::spawn(reload.run(reload_signal));
    let outcome = server.serve(stop_signal).await;
    tracing::info!("stopping: requests have ended, delivering mail that is due");
    systemd::notify(&[NotifyState::Stopping]);
    watchdog.abort();
    cleanup.abort();
    reload.abort();
    let _ = deadline_sender.send(Some(clock.now().plus(LAST_DELIVERIES)));
    delivery.await?;
    outcome
}

fn log_startup(app: &App, server: &http::Server, migrated: &Migrated) {
    let scheme = if app.config.http.tls.is_on() { "https" } else { "http" };
    let address = format!("{scheme}://{}", server.address());
    let graphiql = if app.config.graphql.graphiql { " (GraphiQL in a browser)" } else { "" };
    tracing::info!("listening on {address}, GraphQL at {address}/graphql{graphiql}");
    let database = app.store.name();
    match migrated.steps {
        0 => tracing::info!("data in {database}"),
        steps => tracing::info!("data in {database}, migrations applied: {steps}"),
    }
    tracing::info!("mail {}; its links start with {}", app.mailer.backend.describe(), app.config.public_url);
    if let Some(address) = server.metrics_address() {
        tracing::info!("metrics at http://{address}/metrics");
    }
    for warning in &migrated.warnings {
        tracing::warn!("{warning}");
    }
    if app.signing_key.is_short() {
        tracing::warn!(
            "the secret key has fewer than 32 characters: tokens can be forged by guessing the key"
        );
    }
    if !app.config.limits.enabled {
        tracing::warn!(
            "limits.enabled is off: use this only for tests, not for a server that others can reach"
        );
    }
}

fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be received")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
