//! What a connection is doing, and whether it waits for the client and since when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::Version;
use tokio::time::Instant;

/// What a connection is doing. The task of the connection writes it. The listener reads it to
/// choose which connection to close for a new one.
///
/// The counts are independent of each other and guard no memory, so relaxed ordering is enough.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Milliseconds from `began` to the last event of a request or an answer. A ping is not such an
    /// event.
    moved: AtomicU64,
    protocol: AtomicU8,
    /// How many handlers run. A handler that waits for the body of its request does not count.
    working: AtomicIsize,
    /// How many answers are not handed over completely. Counted for HTTP/2 only.
    answering: AtomicUsize,
    leaves_unread: AtomicBool,
}

/// The protocol before the first request.
const UNASKED: u8 = 0;
const HTTP_1: u8 = 1;
const HTTP_2: u8 = 2;

/// The state of a connection, for time-outs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// No request has come yet.
    Unasked,
    /// HTTP/1. Its time-outs are hyper's.
    Http1,
    /// A handler runs.
    Working,
    /// Since then the client has read nothing of an answer.
    Answering(Instant),
    /// Since then there has been no request and no answer.
    Idle(Instant),
}

impl Activity {
    /// A connection that was just accepted.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            moved: AtomicU64::new(0),
            protocol: AtomicU8::new(UNASKED),
            working: AtomicIsize::new(0),
            answering: AtomicUsize::new(0),
            leaves_unread: AtomicBool::new(false),
        }
    }

    /// Notes that a request has come. Its handler runs until the `RunningRequest` is dropped.
    pub(super) fn begin_request(self: &Arc<Self>, version: Version) -> RunningRequest {
        let protocol = if version == Version::HTTP_2 { HTTP_2 } else { HTTP_1 };
        self.protocol.store(protocol, Ordering::Relaxed);
        self.advance();
        self.work();
        RunningRequest(Arc::clone(self))
    }

    /// Notes that the server has one more thing to do.
    pub(super) fn work(&self) {
        self.working.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the server has one thing less to do.
    pub(super) fn rest(&self) {
        self.working.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes that a request has come, or that an answer has advanced. A part of a request's body
    /// does not count, so that a client which sends its body byte by byte does not look active.
    pub(super) fn advance(&self) {
        let moved = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(moved, Ordering::Relaxed);
    }

    /// Notes that an answer begins to be handed over.
    pub(super) fn begin_answer(&self) {
        self.answering.fetch_add(1, Ordering::Relaxed);
        self.advance();
    }

    /// Notes that an answer was handed over or given up.
    pub(super) fn end_answer(&self) {
        self.advance();
        self.answering.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes that the connection ends before all that the client sends was read.
    pub(super) fn leave_unread(&self) {
        self.leaves_unread.store(true, Ordering::Relaxed);
    }

    /// Tells whether the client may still be sending a body that nobody reads.
    pub(super) fn leaves_unread(&self) -> bool {
        self.leaves_unread.load(Ordering::Relaxed)
    }

    /// Since when the server has been waiting for the client, if it is waiting.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        (self.working.load(Ordering::Relaxed) <= 0).then(|| self.last_moved())
    }

    /// The state of the connection, for time-outs.
    pub(super) fn standing(&self) -> Standing {
        match self.protocol.load(Ordering::Relaxed) {
            UNASKED => Standing::Unasked,
            HTTP_1 => Standing::Http1,
            _ => match self.waiting_since() {
                None => Standing::Working,
                Some(since) if self.answering.load(Ordering::Relaxed) > 0 => {
                    Standing::Answering(since)
                }
                Some(since) => Standing::Idle(since),
            },
        }
    }

    fn last_moved(&self) -> Instant {
        self.began + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }
}

/// A request whose handler is running.
#[derive(Debug)]
pub(super) struct RunningRequest(Arc<Activity>);

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.advance();
        self.0.rest();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_waits_for_its_client_unless_a_handler_runs() {
        let activity = Arc::new(Activity::new());
        let began = Instant::now();
        assert_eq!(activity.standing(), Standing::Unasked);
        assert_eq!(activity.waiting_since(), Some(began));

        tokio::time::advance(Duration::from_secs(5)).await;
        let (first, second) =
            (activity.begin_request(Version::HTTP_2), activity.begin_request(Version::HTTP_2));
        drop(first);
        assert_eq!(activity.standing(), Standing::Working);
        assert_eq!(activity.waiting_since(), None);

        tokio::time::advance(Duration::from_secs(5)).await;
        activity.begin_answer();
        drop(second);
        tokio::time::advance(Duration::from_secs(5)).await;
        let ten = began + Duration::from_secs(10);
        assert_eq!(activity.standing(), Standing::Answering(ten));
        activity.end_answer();
        assert_eq!(activity.standing(), Standing::Idle(ten + Duration::from_secs(5)));
    }
}
