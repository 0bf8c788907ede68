//! Interleaved rounds, in which all contenders process the same tokens.

use std::fmt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Contender;

/// The number of tokens per turn.
const TURN: usize = 40;

/// The time of each contender for one request, in nanoseconds, per round.
#[derive(Debug)]
pub struct Rounds {
    /// By contender, then by round.
    nanos: Vec<Vec<f64>>,
}

/// Runs the contenders in turns; a round has this many turns of each.
///
/// `tokens` returns the tokens of the next turn, which are the same for all.
pub fn take_turns(
    contenders: &mut [&mut dyn Contender],
    rounds: usize,
    turns: usize,
    mut tokens: impl FnMut(usize) -> Vec<String>,
) -> Rounds {
    let mut nanos = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..rounds {
        let mut spent = vec![Duration::ZERO; contenders.len()];
        for turn in 0..turns {
            let tokens = tokens(TURN);
            for place in 0..contenders.len() {
                // The order changes, so that no contender always finds warm caches.
                let at = (place + round + turn) % contenders.len();
                contenders[at].prepare(&tokens);
                let begin = worked();
                contenders[at].run();
                spent[at] += worked() - begin;
            }
        }
        let requests = (turns * TURN) as f64;
        for (nanos, spent) in nanos.iter_mut().zip(spent) {
            nanos.push(spent.as_nanos() as f64 / requests);
        }
    }
    Rounds { nanos }
}

/// The CPU time of this thread, which excludes other work of the machine.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("a thread's time is not negative")
}

impl Rounds {
    /// The time of a contender for one request, in nanoseconds.
    pub fn nanos(&self, contender: usize) -> Spread {
        Spread::of(self.nanos[contender].clone())
    }

    /// The time of a contender minus that of `beyond`, as a multiple of the time of `unit`, per
    /// round.
    pub fn over(&self, contender: usize, beyond: usize, unit: usize) -> Spread {
        let rounds = self.nanos[contender].iter().zip(&self.nanos[beyond]).zip(&self.nanos[unit]);
        Spread::of(rounds.map(|((needed, base), unit)| (needed - base) / unit).collect())
    }
}

/// The median and the range of the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The minimum of all rounds.
    pub least: f64,
    /// The median of all rounds.
    pub median: f64,
    /// The maximum of all rounds.
    pub most: f64,
}

impl Spread {
    /// The median and the range of these values, of which there must be at least one.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let [least, median, most] = [0, values.len() / 2, values.len() - 1].map(|at| values[at]);
        Self { least, median, most }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        let Self { least, median, most } = self;
        write!(f, "{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}
