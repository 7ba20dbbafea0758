//! A connection with timeouts. hyper has a timeout for the head of a request, but poem's server does not offer it.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, Timeout, sleep, timeout};
use tokio_rustls::Accept;

use super::limits::ConnectionSlot;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time from the first byte of a request to the first byte of its response. It ends the connections of clients
/// that send the head of a request very slowly. It is longer than the idle timeout of the server, because frames of HTTP/2
/// that get no response also start it.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(90);
/// The longest time without a transfer in either direction. The idle timeout of the server is shorter and shuts idle
/// connections down properly, so this one ends only those whose client does not read.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(90);

pub(in crate::http) struct Connection {
    stream: Stream,
    deadline: Pin<Box<Sleep>>,
    /// Whether bytes were received after the last ones were sent.
    awaits_response: bool,
    _slot: ConnectionSlot,
}

impl Connection {
    pub(super) fn plain(stream: TcpStream, slot: ConnectionSlot) -> Self {
        Self::new(Stream::Open(Box::new(stream)), slot)
    }

    pub(super) fn encrypted(handshake: Accept<TcpStream>, slot: ConnectionSlot) -> Self {
        Self::new(Stream::Handshake(Box::pin(timeout(HANDSHAKE_TIMEOUT, handshake))), slot)
    }

    fn new(stream: Stream, slot: ConnectionSlot) -> Self {
        let deadline = Box::pin(sleep(TRANSFER_TIMEOUT));
        Self { stream, deadline, awaits_response: false, _slot: slot }
    }

    fn end_after(&mut self, timeout: Duration) {
        self.deadline.as_mut().reset(Instant::now() + timeout);
    }

    /// Polls the stream, after the handshake and before the deadline.
    fn poll_stream<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut AnyStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        if let Stream::Handshake(handshake) = &mut self.stream {
            let completed = ready!(handshake.as_mut().poll(cx));
            self.stream = Stream::HandshakeFailed;
            self.stream = Stream::Open(Box::new(completed.map_err(|_| ErrorKind::TimedOut)??));
        }
        match &mut self.stream {
            Stream::Open(stream) => poll(Pin::new(stream.as_mut()), cx),
            Stream::Handshake(_) | Stream::HandshakeFailed => {
                Poll::Ready(Err(ErrorKind::NotConnected.into()))
            }
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut AnyStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.poll_stream(cx, write))?;
        self.awaits_response = false;
        self.end_after(TRANSFER_TIMEOUT);
        Poll::Ready(Ok(written))
    }
}

/// The first read or write drives the TLS handshake, so that a slow client does not block `accept`.
enum Stream {
    Handshake(Pin<Box<Timeout<Accept<TcpStream>>>>),
    Open(Box<AnyStream>),
    HandshakeFailed,
}

trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}
type AnyStream = dyn ReadWrite;

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = self.poll_stream(cx, |stream, cx| stream.poll_read(cx, buf));
        if buf.filled().len() > before && !self.awaits_response {
            self.awaits_response = true;
            self.end_after(RESPONSE_TIMEOUT);
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    /// Without vectored writes, hyper would copy every response into a buffer, which does not count towards any quota.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_stream(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream {
            Stream::Open(_) => self.poll_stream(cx, AsyncWrite::poll_shutdown),
            Stream::Handshake(_) | Stream::HandshakeFailed => Poll::Ready(Ok(())),
        }
    }
}
