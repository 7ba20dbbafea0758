use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::print_rate;

/// Logs in on each connection, and then exchanges refresh tokens on all of them at the same time.
#[tokio::main(flavor = "current_thread")]
pub async fn run(address: SocketAddr, duration: Duration, connections: usize) -> Result<()> {
    let start = Arc::new(Barrier::new(connections + 1));
    let mut clients = JoinSet::new();
    for number in 0..connections {
        let start = Arc::clone(&start);
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut session = connection.log_in(&format!("user{}@example.org", 2 * number + 1)).await?;
            start.wait().await;
            let (began, mut count) = (Instant::now(), 0);
            while began.elapsed() < duration {
                session = connection.refresh(&session).await?;
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    tokio::select! {
        // A client fails before the start.
        Some(failed) = clients.join_next() => { failed??; }
        _ = start.wait() => {}
    }
    let (began, mut count) = (Instant::now(), 0);
    while let Some(finished) = clients.join_next().await {
        count += finished??;
    }
    print_rate(count, began.elapsed());
    Ok(())
}
