//! One line at the bottom of a terminal that says how far a long command is.

use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// A command that ends sooner shows no progress, and a line is not written more often than this.
const INTERVAL: Duration = Duration::from_millis(200);

/// Moves to the start of the line and clears it (ECMA-48, EL).
const CLEAR: &str = "\r\u{1b}[K";

/// Progress on the standard error, if that is a terminal. The line is removed at the end.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    is_terminal: bool,
    /// When the line was written, or when the command began.
    last: Cell<Instant>,
    is_shown: Cell<bool>,
}

impl Progress {
    /// `what` is done, such as "comparing access".
    pub(super) fn of(what: &'static str) -> Self {
        Self::at(what, stderr().is_terminal(), Instant::now())
    }

    fn at(what: &'static str, is_terminal: bool, last: Instant) -> Self {
        Self { what, is_terminal, last: Cell::new(last), is_shown: Cell::new(false) }
    }

    /// Shows how far the command is.
    pub(super) fn show(&self, done: usize, total: usize) {
        let now = Instant::now();
        if !self.is_terminal || now.duration_since(self.last.get()) < INTERVAL {
            return;
        }
        self.last.set(now);
        self.is_shown.set(true);
        write(&format!("{CLEAR}{}", line(self.what, done, total)));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown.get() {
            write(CLEAR);
        }
    }
}

/// Writes to the standard error. It is lost if that is closed.
fn write(text: &str) {
    let mut out = stderr().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// The text of the line. At less than 100 %, it never says 100 %.
fn line(what: &str, done: usize, total: usize) -> String {
    let percent = (done.min(total) * 100).checked_div(total).unwrap_or(100);
    format!("{what}: {percent} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_done_and_how_much_of_it() {
        assert_eq!(line("comparing access", 1_000, 600_000), "comparing access: 0 %");
        assert_eq!(line("comparing access", 599_999, 600_000), "comparing access: 99 %");
        assert_eq!(line("comparing access", 600_000, 600_000), "comparing access: 100 %");
        // More steps than announced, or none.
        assert_eq!(line("x", 7, 6), "x: 100 %");
        assert_eq!(line("x", 0, 0), "x: 100 %");
    }

    #[test]
    fn nothing_is_shown_if_the_standard_error_is_not_a_terminal_or_the_command_is_quick() {
        let long_ago = Instant::now().checked_sub(INTERVAL).unwrap();
        let not_a_terminal = Progress::at("x", false, long_ago);
        not_a_terminal.show(1, 2);
        assert!(!not_a_terminal.is_shown.get());
        // An hour ahead, so that the test does not depend on the speed of the machine.
        let ahead = Instant::now() + Duration::from_secs(3_600);
        let quick = Progress::at("x", true, ahead);
        quick.show(1, 2);
        assert!(!quick.is_shown.get());
        let slow = Progress::at("x", true, long_ago);
        slow.show(1, 2);
        assert!(slow.is_shown.get());
    }
}
