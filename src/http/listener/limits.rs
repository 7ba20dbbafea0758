//! Limits on open connections: in total and per client.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::http::client_ip::TrustedProxies;
use crate::http::client_quota::{ClientQuota, Reservation};
use crate::metrics::Metrics;
use crate::security::Client;

/// Open files that are reserved for the database, mail and certificates.
const RESERVED_FILES: usize = 128;

/// Returns `wanted`, or fewer if the system does not allow as many open files. Raises the soft limit of the process to
/// its hard limit.
pub(in crate::http) fn available_connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    let files = files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    let available = files.saturating_sub(RESERVED_FILES).max(1);
    if available < wanted {
        tracing::warn!(
            "http.max_connections: the system allows {files} open files, so at most {available} connections can be open"
        );
    }
    wanted.min(available)
}

#[derive(Clone)]
pub(in crate::http) struct ConnectionLimit {
    permits: Arc<Semaphore>,
    per_client: ClientQuota,
    trusted_proxies: watch::Sender<TrustedProxies>,
    metrics: Arc<Metrics>,
}

impl ConnectionLimit {
    pub(in crate::http) fn new(
        max: usize,
        max_per_client: usize,
        trusted_proxies: TrustedProxies,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))),
            per_client: ClientQuota::new(usize::MAX, max_per_client),
            trusted_proxies: watch::Sender::new(trusted_proxies),
            metrics,
        }
    }

    pub(in crate::http) fn set_trusted_proxies(&self, trusted_proxies: TrustedProxies) {
        self.trusted_proxies.send_replace(trusted_proxies);
    }

    /// Waits until another connection may be opened.
    pub(super) async fn permit(&self) -> io::Result<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_owned().await.map_err(io::Error::other)
    }

    /// Counts a connection of a client until the slot is dropped. Returns `None` if the client has too many. The connections
    /// of a trusted proxy do not count, because they belong to many clients.
    pub(super) fn slot(&self, permit: OwnedSemaphorePermit, peer: IpAddr) -> Option<ConnectionSlot> {
        let peer = peer.to_canonical();
        let counted = usize::from(!self.trusted_proxies.borrow().contains(peer));
        let Some(reservation) = self.per_client.reserve(Client::new(Some(peer), "").network(), counted)
        else {
            self.metrics.connections_refused.inc();
            return None;
        };
        self.metrics.connections.inc();
        let metrics = Arc::clone(&self.metrics);
        Some(ConnectionSlot { metrics, _permit: permit, _reservation: reservation })
    }
}

/// Counts an open connection towards the limits until it is dropped.
pub(super) struct ConnectionSlot {
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
    _reservation: Reservation,
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}
