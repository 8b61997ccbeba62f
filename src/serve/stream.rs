//! The byte stream of a connection, as the SSH library gets it. It can be ended from outside, and
//! ends by itself where the visitor takes no bytes for too long.

use super::input_pace::InputPace;
use futures::future::BoxFuture;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The time that a visitor may take no bytes at all while some wait.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A stream with a kill switch. Nothing that the library queues would end a connection whose
/// visitor reads nothing.
pub(super) struct GuardedStream<S> {
    stream: S,
    /// Wakes whoever reads when the switch is thrown.
    killed_reading: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Wakes whoever writes.
    killed_writing: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Runs while bytes wait to be taken.
    stall: Option<Pin<Box<Sleep>>>,
    sent: Arc<AtomicU64>,
    pace: Arc<InputPace>,
    /// Set while nothing more is read for now.
    pause: Option<BoxFuture<'static, ()>>,
}

impl<S> GuardedStream<S> {
    /// Guards a stream: it ends when `kill` is cancelled. The bytes that go out are counted, and
    /// those that come in are read at this pace.
    pub(super) fn new(
        stream: S,
        kill: &CancellationToken,
        sent: Arc<AtomicU64>,
        pace: Arc<InputPace>,
    ) -> Self {
        GuardedStream {
            stream,
            killed_reading: Box::pin(kill.clone().cancelled_owned()),
            killed_writing: Box::pin(kill.clone().cancelled_owned()),
            stall: None,
            sent,
            pace,
            pause: None,
        }
    }

    /// Waits until more may be read. What is not read, the system holds back, and tells the client's
    /// to send no more.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.pause.is_none() && !self.pace.is_free() {
            self.pause = Some(Box::pin(self.pace.clone().wait_until_free()));
        }
        let Some(pause) = &mut self.pause else {
            return Poll::Ready(());
        };
        let waited = pause.as_mut().poll(context);
        if waited.is_ready() {
            self.pause = None;
        }
        waited
    }

    /// Notes whether bytes wait; fails where they have for too long.
    fn watch_stall<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }

        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(sleep(STALL_TIMEOUT)));
        match stall.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Fails once the kill switch is thrown.
fn check_alive(
    killed: &mut Pin<Box<WaitForCancellationFutureOwned>>,
    context: &mut Context<'_>,
) -> io::Result<()> {
    match killed.as_mut().poll(context) {
        Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
        Poll::Pending => Ok(()),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        check_alive(&mut self.killed_reading, context)?;
        if self.poll_pause(context).is_pending() {
            return Poll::Pending;
        }

        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.pace.note_bytes(buffer.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        check_alive(&mut self.killed_writing, context)?;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);

        if let Poll::Ready(Ok(count)) = &written {
            self.sent.fetch_add(*count as u64, Ordering::Relaxed);
        }
        self.watch_stall(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        check_alive(&mut self.killed_writing, context)?;
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.watch_stall(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        check_alive(&mut self.killed_writing, context)?;
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch_stall(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn guarded(
        room: usize,
    ) -> (
        GuardedStream<tokio::io::DuplexStream>,
        CancellationToken,
        impl Sized,
    ) {
        let kill = CancellationToken::new();
        let (near, far) = duplex(room);
        let stream = GuardedStream::new(near, &kill, Arc::default(), Arc::default());
        (stream, kill, far)
    }

    #[tokio::test]
    async fn the_switch_ends_whoever_waits_to_read() {
        let (mut stream, kill, _far) = guarded(16);
        let reading = tokio::spawn(async move { stream.read_u8().await });
        tokio::task::yield_now().await;
        kill.cancel();
        let error = reading.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn the_switch_ends_whoever_waits_to_write() {
        let (mut stream, kill, _far) = guarded(16);
        let writing = tokio::spawn(async move { stream.write_all(&[0; 64]).await });
        tokio::task::yield_now().await;
        kill.cancel();
        let error = writing.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_no_bytes_is_given_up() {
        let (mut stream, _kill, _far) = guarded(16);
        let error = stream.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_bytes_slowly_is_not() {
        let kill = CancellationToken::new();
        let (near, mut far) = duplex(1);
        let mut stream = GuardedStream::new(near, &kill, Arc::default(), Arc::default());
        let writing = tokio::spawn(async move { stream.write_all(&[7; 10]).await });
        for _ in 0..10 {
            tokio::time::sleep(STALL_TIMEOUT / 2).await;
            assert_eq!(far.read_u8().await.unwrap(), 7);
        }
        writing.await.unwrap().unwrap();
    }
}
