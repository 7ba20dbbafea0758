//! Accepts connections.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
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

/// The pause after a failed `accept`, usually because too many files are open.
const RETRY_DELAY: Duration = Duration::from_millis(100);
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

pub(in crate::http) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    limit: ConnectionLimit,
    accept_warnings: WarningLimit,
    client_warnings: WarningLimit,
}

/// Lets one warning per minute into the log.
#[derive(Default)]
struct WarningLimit {
    last: Option<Instant>,
}

impl WarningLimit {
    fn allows(&mut self) -> bool {
        let allows = self.last.is_none_or(|last| last.elapsed() > WARNING_INTERVAL);
        if allows {
            self.last = Some(Instant::now());
        }
        allows
    }
}

impl Listener {
    /// Binds a socket. Errors name `setting`, which holds the address.
    pub(in crate::http) fn bind(
        setting: &str,
        address: SocketAddr,
        tls: Option<Arc<Tls>>,
        limit: ConnectionLimit,
    ) -> Result<Self> {
        let bound = std::net::TcpListener::bind(address).and_then(|socket| {
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            let socket = TcpListener::from_std(socket)?;
            let (accept_warnings, client_warnings) = Default::default();
            Ok(Self { socket, address, tls, limit, accept_warnings, client_warnings })
        });
        bound.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                anyhow!(
                    "{setting}: another program already listens on {address}; stop it, or choose another port"
                )
            }
            ErrorKind::PermissionDenied => {
                anyhow!("{setting}: no permission to listen on {address}; choose a port from 1024 on")
            }
            _ => anyhow!("{setting}: cannot listen on {address} ({error})"),
        })
    }

    /// Returns the address with the port that was assigned.
    pub(in crate::http) fn address(&self) -> SocketAddr {
        self.address
    }

    fn refuse(&mut self, client: IpAddr) {
        self.limit.count_refused();
        if self.client_warnings.allows() {
            let client = client.to_canonical();
            tracing::warn!(
                "{client} has http.max_connections_per_client connections, and its further ones are closed; if it is a \
                 reverse proxy, add it to http.trusted_proxies"
            );
        }
    }
}

impl Acceptor for Listener {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        let permit = self.limit.permit().await?;
        let (stream, peer, reservation) = loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => match self.limit.reserve(peer.ip()) {
                    Some(reservation) => break (stream, peer, reservation),
                    None => self.refuse(peer.ip()),
                },
                Err(error) => {
                    if self.accept_warnings.allows() {
                        tracing::warn!("connections cannot be accepted: {error}");
                    }
                    sleep(RETRY_DELAY).await;
                }
            }
        };
        let slot = self.limit.slot(permit, reservation);
        let (connection, scheme) = match &self.tls {
            None => (Connection::plain(stream, slot), Scheme::HTTP),
            Some(tls) => (Connection::encrypted(tls.acceptor().accept(stream), slot), Scheme::HTTPS),
        };
        Ok((connection, LocalAddr(self.address.into()), RemoteAddr(peer.into()), scheme))
    }
}
