//! Where connections come in, encrypted or not.

use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::anyhow;
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, Timeout, sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::client::Proxies;
use super::shares::{Share, Shares};
use super::tls::Tls;
use crate::metrics::Metrics;
use crate::security::Client;

/// How long a client may take to agree on encryption.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a request may take from its first byte to the first of its answer, which ends those that send their head ever
/// so slowly. It is longer than an idle connection is kept: HTTP/2 has bytes that nobody answers.
const REQUEST: Duration = Duration::from_secs(90);
/// How long nothing may move on a connection, in either direction: a client that does not read its answers, or says
/// nothing more. The server itself ends idle connections a little earlier, and politely.
const STANDSTILL: Duration = Duration::from_secs(90);
/// When no connection can be taken, mostly because too many files are open, others have to end first.
const PAUSE: Duration = Duration::from_millis(100);
/// It is said no more often than this.
const COMPLAINT: Duration = Duration::from_mins(1);

/// A socket that listens.
pub(super) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    places: Places,
    out_of_files: Complaint,
    crowded: Complaint,
}

/// What is said no more often than once a minute.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn is_due(&mut self) -> bool {
        let due = self.0.is_none_or(|then| then.elapsed() > COMPLAINT);
        if due {
            self.0 = Some(Instant::now());
        }
        due
    }
}

/// Room for connections: for all together, and for those of one client.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    shares: Shares,
    /// Behind whom there are many clients.
    proxies: Arc<RwLock<Proxies>>,
    metrics: Arc<Metrics>,
}

impl Places {
    pub(super) fn new(most: usize, most_of_one: usize, proxies: Proxies, metrics: Arc<Metrics>) -> Self {
        Self {
            free: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            shares: Shares::new(usize::MAX, most_of_one),
            proxies: Arc::new(RwLock::new(proxies)),
            metrics,
        }
    }

    /// Has connections of these proxies, and no others, count for nobody.
    pub(super) fn trust(&self, proxies: Proxies) {
        *self.proxies.write().unwrap_or_else(PoisonError::into_inner) = proxies;
    }

    async fn free(&self) -> io::Result<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.map_err(io::Error::other)
    }

    /// The place of a connection from an address; none if its client has as many as one may have.
    fn take(&self, permit: OwnedSemaphorePermit, peer: IpAddr) -> Result<Place, OwnedSemaphorePermit> {
        let peer = peer.to_canonical();
        let is_proxy = self.proxies.read().unwrap_or_else(PoisonError::into_inner).trusts(peer);
        let share = if is_proxy {
            None
        } else {
            match self.shares.take(Client::new(Some(peer), "").network(), 1) {
                None => return Err(permit),
                share => share,
            }
        };
        self.metrics.connections.inc();
        Ok(Place { metrics: Arc::clone(&self.metrics), _share: share, _permit: permit })
    }
}

/// The place of a connection, which is free once it is dropped.
struct Place {
    metrics: Arc<Metrics>,
    /// None of a proxy.
    _share: Option<Share>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

impl Listener {
    /// Listens. `setting` is to blame if that cannot be done.
    pub(super) fn open(
        setting: &str,
        listen: SocketAddr,
        tls: Option<Arc<Tls>>,
        places: Places,
    ) -> anyhow::Result<Self> {
        let opened = std::net::TcpListener::bind(listen).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            let socket = TcpListener::from_std(listener)?;
            let (out_of_files, crowded) = Default::default();
            Ok(Self { socket, address, tls, places, out_of_files, crowded })
        });
        opened.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => {
                anyhow!("{setting}: another program listens at {listen}; stop it, or choose another port")
            }
            ErrorKind::PermissionDenied => {
                anyhow!("{setting}: {listen} may not be listened at; choose a port from 1024 on")
            }
            _ => anyhow!("{setting}: {listen} cannot be listened at ({error})"),
        })
    }

    /// The address, with the port that was taken.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Acceptor for Listener {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        let mut permit = self.places.free().await?;
        let (stream, peer, place) = loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => match self.places.take(permit, peer.ip()) {
                    Ok(place) => break (stream, peer, place),
                    Err(unused) => {
                        permit = unused;
                        self.places.metrics.connections_refused.inc();
                        if self.crowded.is_due() {
                            let client = peer.ip().to_canonical();
                            tracing::warn!(
                                "{client} has as many connections as http.max_connections_per_client lets it have, and further \
                                 ones are closed; if that is a reverse proxy, name it in http.trusted_proxies"
                            );
                        }
                    }
                },
                Err(error) => {
                    if self.out_of_files.is_due() {
                        tracing::warn!("connections cannot be taken: {error}");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        let (stream, scheme) = match &self.tls {
            None => (Stream::Plain(stream), Scheme::HTTP),
            Some(tls) => {
                let handshake = TlsAcceptor::from(tls.current()).accept(stream);
                (Stream::Shaking(Box::pin(timeout(HANDSHAKE, handshake))), Scheme::HTTPS)
            }
        };
        let connection = Connection::new(stream, place);
        Ok((connection, LocalAddr(self.address.into()), RemoteAddr(peer.into()), scheme))
    }
}

/// A connection, which ends where a request takes too long, or nothing moves.
pub(super) struct Connection {
    stream: Stream,
    patience: Pin<Box<Sleep>>,
    /// Whether something was sent here that has not been answered.
    asked: bool,
    _place: Place,
}

impl Connection {
    fn new(stream: Stream, place: Place) -> Self {
        Self { stream, patience: Box::pin(sleep(STANDSTILL)), asked: false, _place: place }
    }

    fn wait_at_most(&mut self, time: Duration) {
        self.patience.as_mut().reset(Instant::now() + time);
    }

    /// What came of a write, which is an answer or a part of one.
    fn noted(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(_))) {
            self.asked = false;
            self.wait_at_most(STANDSTILL);
        }
        self.unless_too_late(written, context)
    }

    /// What the stream answers, unless it has been waited for too long.
    fn unless_too_late<T>(
        &mut self,
        answered: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match (self.patience.as_mut().poll(context), answered) {
            (Poll::Ready(()), _) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            (Poll::Pending, answered) => answered,
        }
    }
}

/// What can be read and written. What agrees on encryption is its first reader, so that a slow client keeps nobody
/// waiting.
enum Stream {
    Plain(TcpStream),
    Shaking(Pin<Box<Timeout<Accept<TcpStream>>>>),
    Encrypted(Box<TlsStream<TcpStream>>),
    /// The two did not agree.
    Failed,
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl Stream {
    /// The stream itself, once both sides agree.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        if let Self::Shaking(handshake) = self {
            let agreed = ready!(handshake.as_mut().poll(context));
            *self = Self::Failed;
            *self = Self::Encrypted(Box::new(agreed.map_err(|_| ErrorKind::TimedOut)??));
        }
        Poll::Ready(Ok(match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Encrypted(stream) => Pin::new(stream.as_mut()),
            Self::Shaking(_) | Self::Failed => return Poll::Ready(Err(ErrorKind::NotConnected.into())),
        }))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read =
            self.stream.poll_open(context).map(|open| open.map(|stream| stream.poll_read(context, buffer)));
        if buffer.filled().len() > before && !self.asked {
            self.asked = true;
            self.wait_at_most(REQUEST);
        }
        self.unless_too_late(flat(read), context)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written =
            self.stream.poll_open(context).map(|open| open.map(|stream| stream.poll_write(context, bytes)));
        self.noted(flat(written), context)
    }

    /// Else every answer would be copied once more before it is sent, and wait there without being counted.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self
            .stream
            .poll_open(context)
            .map(|open| open.map(|stream| stream.poll_write_vectored(context, slices)));
        self.noted(flat(written), context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed =
            self.stream.poll_open(context).map(|open| open.map(|stream| stream.poll_flush(context)));
        self.unless_too_late(flat(flushed), context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Who has not been talked to needs no farewell.
        if matches!(self.stream, Stream::Shaking(_) | Stream::Failed) {
            return Poll::Ready(Ok(()));
        }
        let closed =
            self.stream.poll_open(context).map(|open| open.map(|stream| stream.poll_shutdown(context)));
        self.unless_too_late(flat(closed), context)
    }
}

fn flat<T>(poll: Poll<io::Result<Poll<io::Result<T>>>>) -> Poll<io::Result<T>> {
    match poll {
        Poll::Ready(Ok(inner)) => inner,
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}
