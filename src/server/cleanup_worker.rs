use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::run_blocking;
use crate::accounts::cleanup::cleanup;
use crate::app::App;

const INTERVAL: Duration = Duration::from_hours(1);

/// Deletes expired rows at the start and at intervals. It deletes them in batches, so that neither requests nor a stop of
/// the server wait for all of them.
pub(super) async fn run(current: watch::Receiver<Arc<App>>) {
    let mut deleted = 0;
    loop {
        let worker = Arc::clone(&current.borrow());
        match run_blocking(move || cleanup(&worker)).await {
            Ok(rows) if rows > 0 => {
                deleted += rows;
                continue;
            }
            Ok(_) if deleted > 0 => tracing::info!("expired rows deleted: {deleted}"),
            Ok(_) => {}
            Err(error) => tracing::error!("expired rows cannot be deleted: {error:#}"),
        }
        deleted = 0;
        tokio::time::sleep(INTERVAL).await;
    }
}
