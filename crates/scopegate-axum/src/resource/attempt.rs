//! Runs code of the service that may panic or never end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

/// Why an attempt has no result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    Panicked,
    TimedOut,
}

impl Failure {
    /// What happened, after the name of what was attempted.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::TimedOut => "did not answer in time",
        }
    }
}

/// The output of a future, if it does not panic and takes no longer than `limit`.
///
/// A runtime without timers counts as a panic, because tokio panics then.
pub(super) async fn run<F: Future>(future: F, limit: Duration) -> Result<F::Output, Failure> {
    let limited = pin!(async { tokio::time::timeout(limit, future).await });
    match CatchPanic(limited).await {
        Some(Ok(output)) => Ok(output),
        Some(Err(_)) => Err(Failure::TimedOut),
        None => Err(Failure::Panicked),
    }
}

/// A future that returns `None` if the inner one panics.
struct CatchPanic<'a, F>(Pin<&'a mut F>);

impl<F: Future> Future for CatchPanic<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The inner future is not polled again after a panic, so nobody sees it half changed.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}
