use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::accounts::cleanup;
use crate::app::App;
use crate::error::Error;

const INTERVAL: Duration = Duration::from_hours(1);

/// Deletes expired rows at the start and at intervals. It deletes them in batches, so that neither requests nor a stop of
/// the server wait for all of them.
pub(super) async fn run(current: watch::Receiver<Arc<App>>) {
    let mut deleted = 0;
    loop {
        let worker = Arc::clone(&current.borrow());
        match tokio::task::spawn_blocking(move || cleanup::cleanup(&worker)).await {
            Ok(Ok(rows)) if rows > 0 => {
                deleted += rows;
                continue;
            }
            Ok(Ok(_)) if deleted > 0 => tracing::info!("expired rows deleted: {deleted}"),
            Ok(Ok(_) | Err(Error::Refused(_) | Error::BadRequest(_) | Error::Unavailable(_))) => {}
            Ok(Err(Error::Internal(error))) => tracing::error!("expired rows cannot be deleted: {error:#}"),
            Err(panic) => tracing::error!("expired rows cannot be deleted: {panic}"),
        }
        deleted = 0;
        tokio::time::sleep(INTERVAL).await;
    }
}
