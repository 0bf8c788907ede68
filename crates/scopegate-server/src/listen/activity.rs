//! What a connection is doing, and since when: whose turn it is, the server's or the client's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use http::Version;
use tokio::time::Instant;

/// What a connection is doing. Its task writes it, and the listener reads it to choose which
/// connection gives way to another.
///
/// The counts are independent of each other and guard no memory, so relaxed loads and stores do.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Milliseconds from the beginning to the last event of a request or an answer. Pings are none.
    moved: AtomicU64,
    protocol: AtomicU8,
    /// Handlers that run, without those that wait for the body of their request.
    working: AtomicIsize,
    /// Answers of which a part is still to be handed over; they are counted over HTTP/2 only.
    answering: AtomicUsize,
    leaves_unread: AtomicBool,
}

/// No request has come yet, so that the protocol does not matter.
const UNASKED: u8 = 0;
const HTTP_1: u8 = 1;
const HTTP_2: u8 = 2;

/// What a connection is doing, as time-outs see it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// No request has come yet.
    Unasked,
    /// HTTP/1, whose time-outs do not need this.
    Http1,
    /// A handler runs.
    Working,
    /// The client has not taken the next part of an answer since then.
    Answering(Instant),
    /// Nothing is asked and nothing is to be answered since then.
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

    /// A request has come; its handler runs as long as the turn lives.
    pub(super) fn turn(self: &Arc<Self>, version: Version) -> Turn {
        let protocol = if version == Version::HTTP_2 { HTTP_2 } else { HTTP_1 };
        self.protocol.store(protocol, Ordering::Relaxed);
        self.advance();
        self.work();
        Turn(Arc::clone(self))
    }

    /// The server has something to do.
    pub(super) fn work(&self) {
        self.working.fetch_add(1, Ordering::Relaxed);
    }

    /// The server has one thing less to do.
    pub(super) fn rest(&self) {
        self.working.fetch_sub(1, Ordering::Relaxed);
    }

    /// A request has come, or an answer has advanced. A part of a request's body is no such event:
    /// whoever sends it byte by byte has waited since its head.
    pub(super) fn advance(&self) {
        let moved = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(moved, Ordering::Relaxed);
    }

    /// An answer begins to be handed over.
    pub(super) fn begin_answer(&self) {
        self.answering.fetch_add(1, Ordering::Relaxed);
        self.advance();
    }

    /// An answer was handed over, or given up.
    pub(super) fn end_answer(&self) {
        self.advance();
        self.answering.fetch_sub(1, Ordering::Relaxed);
    }

    /// The connection ends before everything was read that the client sends.
    pub(super) fn leave_unread(&self) {
        self.leaves_unread.store(true, Ordering::Relaxed);
    }

    /// Tells whether the client may still be sending what nobody reads.
    pub(super) fn leaves_unread(&self) -> bool {
        self.leaves_unread.load(Ordering::Relaxed)
    }

    /// Since when the server waits for the client, if it does.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        (self.working.load(Ordering::Relaxed) <= 0).then(|| self.last_moved())
    }

    /// What the connection is doing, as time-outs see it.
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

/// A request whose handler runs.
#[derive(Debug)]
pub(super) struct Turn(Arc<Activity>);

impl Drop for Turn {
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
        let (first, second) = (activity.turn(Version::HTTP_2), activity.turn(Version::HTTP_2));
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
