//! Where connections come in, encrypted or not.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use anyhow::{Result, anyhow};
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Timeout, timeout};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

use super::tls::Tls;

/// How long a client may take to agree on encryption.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// When no connection can be taken, mostly because too many files are open, others have to end first.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket that listens.
pub(super) struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
}

impl Door {
    /// Listens. `setting` is to blame if that cannot be done.
    pub(super) fn open(setting: &str, listen: SocketAddr, tls: Option<Arc<Tls>>) -> Result<Self> {
        let opened = std::net::TcpListener::bind(listen).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener: TcpListener::from_std(listener)?, address, tls })
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

impl Acceptor for Door {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, peer) = loop {
            match self.listener.accept().await {
                Ok(accepted) => break accepted,
                Err(error) => {
                    tracing::warn!("a connection cannot be taken: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        let (connection, scheme) = match &self.tls {
            None => (Connection::Plain(stream), Scheme::HTTP),
            Some(tls) => {
                let handshake = TlsAcceptor::from(tls.current()).accept(stream);
                (Connection::Shaking(Box::pin(timeout(HANDSHAKE, handshake))), Scheme::HTTPS)
            }
        };
        Ok((connection, LocalAddr(self.address.into()), RemoteAddr(peer.into()), scheme))
    }
}

/// A connection. What agrees on encryption is its first reader, so that a slow client keeps nobody waiting.
pub(super) enum Connection {
    Plain(TcpStream),
    Shaking(Pin<Box<Timeout<Accept<TcpStream>>>>),
    Encrypted(Box<TlsStream<TcpStream>>),
    /// The two did not agree.
    Failed,
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Connection {
    /// What can be read and written, once both sides agree.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Stream>>> {
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
        ready!(self.poll_open(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {
            // Nobody has been talked to yet.
            Self::Shaking(_) | Self::Failed => Poll::Ready(Ok(())),
            _ => ready!(self.poll_open(context))?.poll_shutdown(context),
        }
    }
}
