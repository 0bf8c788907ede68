//! When a connection has kept the server waiting for too long.

use std::time::Duration;

use tokio::time::Instant;

use super::activity::Standing;

/// How long a client may take until its first request is there.
pub(super) const FIRST_REQUEST_TIME: Duration = Duration::from_secs(15);

/// How long one connection is waited for. HTTP/1 needs it for the first request only: there hyper ends
/// what is idle.
#[derive(Debug)]
pub(super) struct Patience {
    /// How long the client may leave an answer where it is.
    pub(super) write_timeout: Duration,
    /// How long it may ask nothing.
    pub(super) idle_timeout: Duration,
    /// The client was told that the connection ends.
    is_told: bool,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// It is closed.
    Close(&'static str),
    /// The client is told that it ends, and it is looked at again then.
    Tell(Instant),
    /// It goes on, and is looked at again then.
    LookAgain(Instant),
    /// It goes on, and needs no second look.
    GoOn,
}

impl Patience {
    /// A day is as good as longer times, and can be added to any.
    pub(super) fn new(write_timeout: Duration, idle_timeout: Duration) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            write_timeout: write_timeout.min(DAY),
            idle_timeout: idle_timeout.min(DAY),
            is_told: false,
        }
    }

    /// When a new connection is looked at.
    pub(super) fn first_look(&self, now: Instant) -> Instant {
        now + FIRST_REQUEST_TIME.min(self.idle_timeout)
    }

    /// Decides about a connection.
    pub(super) fn judge(&mut self, standing: Standing, now: Instant) -> Verdict {
        // An answer may begin as soon as this is over.
        let soon = now + self.write_timeout;
        match standing {
            Standing::Unasked => Verdict::Close("no request has come"),
            Standing::Http1 => Verdict::GoOn,
            Standing::Working => Verdict::LookAgain(soon),
            Standing::Answering(since) if now >= since + self.write_timeout => {
                Verdict::Close("the client does not take its answers")
            }
            Standing::Answering(since) => Verdict::LookAgain(since + self.write_timeout),
            Standing::Idle(_) if self.is_told => Verdict::Close("the client does not end it"),
            Standing::Idle(since) if now >= since + self.idle_timeout => {
                self.is_told = true;
                Verdict::Tell(soon)
            }
            Standing::Idle(since) => Verdict::LookAgain(soon.min(since + self.idle_timeout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Duration = Duration::from_secs(30);
    const IDLE: Duration = Duration::from_secs(75);

    #[test]
    fn an_answer_is_left_for_the_time_to_write_and_an_idle_client_is_told_before_it_is_closed() {
        let mut patience = Patience::new(WRITE, IDLE);
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(patience.first_look(began), at(15));
        assert!(matches!(patience.judge(Standing::Unasked, at(15)), Verdict::Close(_)));
        assert_eq!(patience.judge(Standing::Http1, at(15)), Verdict::GoOn);
        assert_eq!(patience.judge(Standing::Working, at(15)), Verdict::LookAgain(at(45)));

        let answering = Standing::Answering(at(40));
        assert_eq!(patience.judge(answering, at(69)), Verdict::LookAgain(at(70)));
        assert!(matches!(patience.judge(answering, at(70)), Verdict::Close(_)));

        let idle = Standing::Idle(at(100));
        assert_eq!(patience.judge(idle, at(110)), Verdict::LookAgain(at(140)));
        assert_eq!(patience.judge(idle, at(170)), Verdict::LookAgain(at(175)));
        assert_eq!(patience.judge(idle, at(175)), Verdict::Tell(at(205)));
        assert_eq!(patience.judge(Standing::Working, at(205)), Verdict::LookAgain(at(235)));
        assert!(matches!(patience.judge(Standing::Idle(at(230)), at(235)), Verdict::Close(_)));
    }

    #[test]
    fn a_short_time_to_be_idle_holds_before_the_first_request_too() {
        let began = Instant::now();
        let patience = Patience::new(WRITE, Duration::from_secs(2));
        assert_eq!(patience.first_look(began), began + Duration::from_secs(2));
    }
}
