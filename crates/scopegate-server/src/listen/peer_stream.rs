//! The bytes to and from a peer, with a bound on how long a write may wait.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::activity::Activity;

/// How long, and how many bytes, a connection that ends reads and discards.
///
/// If a connection is closed while unread bytes are left, the system resets it, and the reset can
/// destroy the answer before the client reads it (RFC 9112 §9.6).
const LINGER_TIME: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1024 * 1024;

/// A stream whose writes fail if the peer reads nothing within the write time-out. It is below TLS,
/// so that the writes of TLS itself are bounded, too.
#[derive(Debug)]
pub(super) struct PeerStream<S> {
    inner: S,
    activity: Arc<Activity>,
    write_timeout: Duration,
    /// When the pending write fails. The time starts when a write has to wait, and is cleared when
    /// any byte is written.
    overdue: Option<Pin<Box<Sleep>>>,
    closing: Closing,
}

#[derive(Debug)]
enum Closing {
    /// Not closing.
    No,
    /// Reads and discards what the peer still sends, up to `bytes` more.
    Lingering { until: Pin<Box<Sleep>>, bytes: usize, has_seen_bytes: bool },
    /// Closed.
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> PeerStream<S> {
    pub(super) fn new(inner: S, activity: Arc<Activity>, write_timeout: Duration) -> Self {
        Self { inner, activity, write_timeout, overdue: None, closing: Closing::No }
    }

    /// Fails a write that has waited too long.
    fn in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(written) = written {
            self.overdue = None;
            return Poll::Ready(written);
        }
        let time = self.write_timeout;
        let overdue = self.overdue.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        ready!(overdue.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the peer does not take what is written",
        )))
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Closing::Lingering { until, bytes, has_seen_bytes } = &mut self.closing else {
            return Poll::Ready(());
        };
        let mut unread = [0; 4096];
        while *bytes > 0 {
            let mut buffer = ReadBuf::new(&mut unread);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    *has_seen_bytes = true;
                    *bytes = bytes.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => break,
                // A peer that sends nothing, and owes no body, is not waited for.
                Poll::Pending if !*has_seen_bytes && !self.activity.leaves_unread() => break,
                Poll::Pending => {
                    ready!(until.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for PeerStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PeerStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    /// A flush that has nothing to do writes no byte, so it does not clear the time of a pending
    /// write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(cx) {
            Poll::Ready(flushed) => Poll::Ready(flushed),
            Poll::Pending => self.in_time(cx, Poll::Pending),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.closing, Closing::No) {
            let ended = Pin::new(&mut self.inner).poll_shutdown(cx);
            ready!(self.in_time(cx, ended))?;
            let until = Box::pin(tokio::time::sleep(LINGER_TIME));
            self.closing = Closing::Lingering { until, bytes: LINGER_BYTES, has_seen_bytes: false };
        }
        ready!(self.poll_linger(cx));
        self.closing = Closing::Done;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::Instant;

    use super::*;

    const TIME: Duration = Duration::from_secs(30);

    fn pair() -> (PeerStream<DuplexStream>, DuplexStream, Arc<Activity>) {
        let (ours, peer) = tokio::io::duplex(8);
        let activity = Arc::new(Activity::new());
        (PeerStream::new(ours, Arc::clone(&activity), TIME), peer, activity)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_nothing_is_cut_off_after_the_write_timeout() {
        let (mut ours, _peer, _) = pair();
        let began = Instant::now();
        let error = ours.write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), TIME.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_slowly_is_waited_for() {
        let (mut ours, mut peer, _) = pair();
        let reading = async {
            for _ in 0..92 {
                tokio::time::sleep(TIME - Duration::from_secs(1)).await;
                peer.read_u8().await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(ours.write_all(&[0; 100]), reading);
        written.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_reads_what_the_peer_has_sent_so_that_the_connection_is_not_reset() {
        let (mut ours, mut peer, _) = pair();
        let sending = async {
            peer.write_all(&[0; 100]).await.unwrap();
            peer.shutdown().await.unwrap();
            assert_eq!(peer.read(&mut [0]).await.unwrap(), 0, "the answer has ended");
        };
        let ((), ended) = tokio::join!(sending, ours.shutdown());
        ended.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_waits_for_an_unread_body_in_bounded_time_and_bytes() {
        let (mut ours, _peer, activity) = pair();
        let began = Instant::now();
        ours.shutdown().await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO, "a peer that is silent is not waited for");

        let (mut ours, _peer, _) = pair();
        ours.activity = Arc::clone(&activity);
        activity.leave_unread();
        ours.shutdown().await.unwrap();
        assert_eq!(began.elapsed().as_secs(), LINGER_TIME.as_secs());

        let (mut ours, mut peer, _) = pair();
        let endless = async { while peer.write_all(&[0; 8]).await.is_ok() {} };
        let began = Instant::now();
        let ending = async {
            ours.shutdown().await.unwrap();
            drop(ours);
        };
        tokio::join!(ending, endless);
        assert_eq!(began.elapsed(), Duration::ZERO, "nor are more bytes read than that");
    }
}
