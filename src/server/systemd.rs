use std::sync::Arc;

use sd_notify::NotifyState;

use super::run_blocking;
use crate::app::App;
use crate::store;

/// Notifies systemd, if it started the server.
pub(super) fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be notified: {error}");
    }
}

/// Notifies the watchdog at half its timeout, as long as a thread is free and can read the database. Otherwise systemd
/// restarts the server. A shared database is not read, because a restart would not repair it.
pub(super) async fn notify_watchdog(app: Arc<App>) {
    let Some(timeout) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(timeout / 2);
    loop {
        ticks.tick().await;
        let worker = Arc::clone(&app);
        let read = move || match &worker.store {
            store if store.is_shared() => Ok(0),
            store => store.read_latest(store::outbox::count_waiting),
        };
        match run_blocking(read).await {
            Ok(_) => notify(&[NotifyState::Watchdog]),
            Err(error) => tracing::error!("the database cannot be read: {error:#}"),
        }
    }
}
