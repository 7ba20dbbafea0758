use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;
use crate::clock::Timestamp;
use crate::outbox;

/// The interval at which mail is found that is due for a retry, or that a command such as `mail retry` made due.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Delivers mail that is due after each commit and at intervals. Once `deadline` is set, it makes a last round that ends
/// then, unless the mail server is out of reach.
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
        match tokio::task::spawn_blocking(deliver).await {
            Ok(Ok(report)) if report.delivered > 0 => tracing::info!("mails delivered: {}", report.delivered),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!("mail cannot be delivered: {error:#}"),
            Err(panic) => tracing::error!("mail cannot be delivered: {panic}"),
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
