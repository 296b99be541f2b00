//! Ends connections whose client stops reading.
//!
//! A client that takes nothing of its answer holds a connection, and whatever makes the answer, for
//! as long as it likes. So the time that a write may wait is bounded: any byte that gets away begins
//! it anew. It is bounded under TLS, where all that the server sends comes by.
//!
//! What is written is sent at once: the end of a long answer would otherwise wait for the client's
//! kernel to acknowledge what came before, which it puts off for 40 ms.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Bounds every connection that it accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StallLimit(pub(crate) Duration);

impl<S> Accept<TcpStream, S> for StallLimit {
    type Stream = Bounded<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Bounded<TcpStream>, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let sent_at_once = stream.set_nodelay(true);
        ready(sent_at_once.map(|()| (Bounded { stream, limit: self.0, waiting: None }, service)))
    }
}

/// A connection whose writes wait for a limited time.
#[derive(Debug)]
pub(crate) struct Bounded<I> {
    stream: I,
    limit: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<I> Bounded<I> {
    /// What a write has come to: a result ends the waiting, and waiting too long is one.
    fn bounded<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.limit)));
        match waiting.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Bounded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Bounded<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut_down = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, shut_down)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn pair(limit: Duration) -> (Bounded<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1_000);
        (Bounded { stream: ours, limit, waiting: None }, theirs)
    }

    #[tokio::test]
    async fn a_write_that_nobody_takes_ends() {
        let (mut ours, theirs) = pair(Duration::from_millis(10));
        let error = ours.write_all(&[0; 2_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(theirs);
    }

    #[tokio::test]
    async fn a_client_that_reads_is_not_held_against_the_limit() {
        let (mut ours, mut theirs) = pair(Duration::from_mins(10));
        let reading = tokio::spawn(async move {
            let mut read = Vec::new();
            theirs.read_to_end(&mut read).await.unwrap();
            read.len()
        });
        ours.write_all(&vec![0; 100_000]).await.unwrap();
        assert!(ours.waiting.is_none(), "the waiting is over with the write");
        ours.shutdown().await.unwrap();
        drop(ours);
        assert_eq!(reading.await.unwrap(), 100_000);
    }
}
