use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::run_blocking;
use crate::app::App;
use crate::clock::Timestamp;
use crate::outbox;

/// How often to look for due mail without being notified. Commits of this process wake the worker; retries, and mail that
/// a command in another process enqueues, do not.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Delivers mail that is due, after each commit that enqueues mail and at intervals. Once `deadline` is set, delivers a last
/// time until the deadline and returns. During an outage, it skips this last delivery.
pub(super) async fn run(
    current: watch::Receiver<Arc<App>>,
    mut deadline: watch::Receiver<Option<Timestamp>>,
) {
    loop {
        let is_last = deadline.borrow().is_some();
        let app = Arc::clone(&current.borrow());
        if is_last && app.outage.is_on() {
            return;
        }
        let (worker, end) = (Arc::clone(&app), deadline.clone());
        let deliver = move || {
            outbox::deliver_until(&worker, || end.borrow().is_some_and(|end| worker.clock.now() >= end))
        };
        match run_blocking(deliver).await {
            Ok(report) if report.delivered > 0 => tracing::info!("mails delivered: {}", report.delivered),
            Ok(_) => {}
            Err(error) => tracing::error!("mail cannot be delivered: {error:#}"),
        }
        if is_last {
            return;
        }
        tokio::select! {
            () = app.mail_enqueued.notified() => {}
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = deadline.changed() => {}
        }
    }
}
