//! When a connection has kept the server waiting too long.

use std::time::Duration;

use tokio::time::Instant;

use super::activity::Standing;

/// How long a client may take to send its first request.
pub(super) const FIRST_REQUEST_TIME: Duration = Duration::from_secs(15);

/// How long one connection is waited for. For HTTP/1 this applies to the first request only: hyper
/// closes idle connections itself.
#[derive(Debug)]
pub(super) struct Patience {
    /// How long the client may read nothing of an answer.
    pub(super) write_timeout: Duration,
    /// How long it may send no request.
    pub(super) idle_timeout: Duration,
    /// The client was told that the connection is going to end.
    is_told: bool,
}

/// What is to be done with a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Action {
    /// Close it, for this reason.
    Close(&'static str),
    /// Tell the client that the connection is going to end, and look again at this time.
    Tell(Instant),
    /// Look again at this time.
    LookAgain(Instant),
    /// Never look again.
    GoOn,
}

impl Patience {
    /// Longer times than a day are cut, so that adding them to an `Instant` cannot overflow.
    pub(super) fn new(write_timeout: Duration, idle_timeout: Duration) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            write_timeout: write_timeout.min(DAY),
            idle_timeout: idle_timeout.min(DAY),
            is_told: false,
        }
    }

    /// When to look at a new connection for the first time.
    pub(super) fn first_look(&self, now: Instant) -> Instant {
        now + FIRST_REQUEST_TIME.min(self.idle_timeout)
    }

    /// Decides what is to be done with a connection.
    pub(super) fn judge(&mut self, standing: Standing, now: Instant) -> Action {
        // An answer may begin now, and be overdue by then.
        let soon = now + self.write_timeout;
        match standing {
            Standing::Unasked => Action::Close("no request has come"),
            Standing::Http1 => Action::GoOn,
            Standing::Working => Action::LookAgain(soon),
            Standing::Answering(since) if now >= since + self.write_timeout => {
                Action::Close("the client does not take its answers")
            }
            Standing::Answering(since) => Action::LookAgain(since + self.write_timeout),
            Standing::Idle(_) if self.is_told => Action::Close("the client does not end it"),
            Standing::Idle(since) if now >= since + self.idle_timeout => {
                self.is_told = true;
                Action::Tell(soon)
            }
            Standing::Idle(since) => Action::LookAgain(soon.min(since + self.idle_timeout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Duration = Duration::from_secs(30);
    const IDLE: Duration = Duration::from_secs(75);

    #[test]
    fn an_unread_answer_has_the_write_timeout_and_an_idle_client_is_told_before_it_is_closed() {
        let mut patience = Patience::new(WRITE, IDLE);
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(patience.first_look(began), at(15));
        assert!(matches!(patience.judge(Standing::Unasked, at(15)), Action::Close(_)));
        assert_eq!(patience.judge(Standing::Http1, at(15)), Action::GoOn);
        assert_eq!(patience.judge(Standing::Working, at(15)), Action::LookAgain(at(45)));

        let answering = Standing::Answering(at(40));
        assert_eq!(patience.judge(answering, at(69)), Action::LookAgain(at(70)));
        assert!(matches!(patience.judge(answering, at(70)), Action::Close(_)));

        let idle = Standing::Idle(at(100));
        assert_eq!(patience.judge(idle, at(110)), Action::LookAgain(at(140)));
        assert_eq!(patience.judge(idle, at(170)), Action::LookAgain(at(175)));
        assert_eq!(patience.judge(idle, at(175)), Action::Tell(at(205)));
        assert_eq!(patience.judge(Standing::Working, at(205)), Action::LookAgain(at(235)));
        assert!(matches!(patience.judge(Standing::Idle(at(230)), at(235)), Action::Close(_)));
    }

    #[test]
    fn a_short_idle_timeout_applies_before_the_first_request_too() {
        let began = Instant::now();
        let patience = Patience::new(WRITE, Duration::from_secs(2));
        assert_eq!(patience.first_look(began), began + Duration::from_secs(2));
    }
}
