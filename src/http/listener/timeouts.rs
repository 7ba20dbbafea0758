//! A connection that ends when a request takes too long or nothing is transferred. hyper has a timeout for the head of a
//! request, but poem's server does not pass it on.

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
/// From the first byte of a request to the first byte of its response. It ends clients that send a head very slowly. It is
/// longer than the idle timeout of the server, because some bytes of HTTP/2 get no response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(90);
/// Nothing is transferred in either direction, for example because the client does not read. The server closes idle
/// connections a little earlier, and in order.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(90);

pub(in crate::http) struct Connection {
    stream: Stream,
    deadline: Pin<Box<Sleep>>,
    /// Whether bytes were received since the last were sent.
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

    /// Polls a write and extends the deadline when bytes were written.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut AnyStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = self.stream.poll_with(cx, write);
        if matches!(written, Poll::Ready(Ok(_))) {
            self.awaits_response = false;
            self.end_after(TRANSFER_TIMEOUT);
        }
        self.check_deadline(cx, written)
    }

    /// Replaces a result by an error if the deadline has passed.
    fn check_deadline<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match self.deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            Poll::Pending => result,
        }
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

impl Stream {
    /// Polls the stream once the handshake is complete.
    fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut AnyStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Self::Handshake(handshake) = self {
            let completed = ready!(handshake.as_mut().poll(cx));
            *self = Self::HandshakeFailed;
            *self = Self::Open(Box::new(completed.map_err(|_| ErrorKind::TimedOut)??));
        }
        match self {
            Self::Open(stream) => poll(Pin::new(stream.as_mut()), cx),
            Self::Handshake(_) | Self::HandshakeFailed => Poll::Ready(Err(ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = self.stream.poll_with(cx, |stream, cx| stream.poll_read(cx, buf));
        if buf.filled().len() > before && !self.awaits_response {
            self.awaits_response = true;
            self.end_after(RESPONSE_TIMEOUT);
        }
        self.check_deadline(cx, read)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    /// Otherwise hyper would copy every response into a buffer, which no quota counts.
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
        let flushed = self.stream.poll_with(cx, AsyncWrite::poll_flush);
        self.check_deadline(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.stream, Stream::Handshake(_) | Stream::HandshakeFailed) {
            return Poll::Ready(Ok(()));
        }
        let closed = self.stream.poll_with(cx, AsyncWrite::poll_shutdown);
        self.check_deadline(cx, closed)
    }
}
