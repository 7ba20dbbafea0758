use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::limits::ConnectionLimit;
use super::timeouts::Connection;
use super::tls::Tls;

/// The pause after `accept` failed, which usually means that too many files are open.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// The least time between two warnings of the same kind.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

pub(in crate::http) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    limit: ConnectionLimit,
    last_accept_warning: Option<Instant>,
    last_client_warning: Option<Instant>,
}

impl Listener {
    /// Binds a socket to `address`. `setting` is the name of the setting with that address, for errors.
    pub(in crate::http) fn bind(
        setting: &str,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        limit: ConnectionLimit,
    ) -> Result<Self> {
        let socket = std::net::TcpListener::bind(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                anyhow!(
                    "{setting}: another program already listens on {address}; stop it, or choose another port"
                )
            }
            ErrorKind::PermissionDenied => {
                anyhow!("{setting}: no permission to listen on {address}; choose a port from 1024 on")
            }
            _ => anyhow!("{setting}: cannot listen on {address} ({error})"),
        })?;
        socket.set_nonblocking(true)?;
        let (address, socket) = (socket.local_addr()?, TcpListener::from_std(socket)?);
        Ok(Self { socket, address, tls, limit, last_accept_warning: None, last_client_warning: None })
    }

    /// Returns the address with the port that was assigned.
    pub(in crate::http) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Acceptor for Listener {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        loop {
            let permit = self.limit.permit().await?;
            let (stream, peer) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    if is_warning_due(&mut self.last_accept_warning) {
                        tracing::warn!("connections cannot be accepted: {error}");
                    }
                    sleep(RETRY_DELAY).await;
                    continue;
                }
            };
            let Some(slot) = self.limit.slot(permit, peer.ip()) else {
                if is_warning_due(&mut self.last_client_warning) {
                    tracing::warn!(
                        "{} has reached the limit http.max_connections_per_client, so its further connections are closed; if \
                         it is a reverse proxy, add it to http.trusted_proxies",
                        peer.ip().to_canonical()
                    );
                }
                continue;
            };
            let (connection, scheme) = match &self.tls {
                None => (Connection::plain(stream, slot), Scheme::HTTP),
                Some(tls) => (Connection::encrypted(tls.acceptor().accept(stream), slot), Scheme::HTTPS),
            };
            return Ok((connection, LocalAddr(self.address.into()), RemoteAddr(peer.into()), scheme));
        }
    }
}

/// Returns whether a warning may be logged again, and if so, restarts the interval.
fn is_warning_due(last: &mut Option<Instant>) -> bool {
    let is_due = last.is_none_or(|last| last.elapsed() > WARNING_INTERVAL);
    if is_due {
        *last = Some(Instant::now());
    }
    is_due
}
