//! Two threads compared with one.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Contender, Spread};

/// How well a contender scales to two threads: 1.00 means that two do twice the work of one.
#[derive(Clone, Copy, Debug)]
pub struct Scaling {
    /// The contender's own scaling.
    pub own: Spread,
    /// The contender's scaling divided by that of the other in the same round.
    pub against: Spread,
}

/// Measures how a contender scales, compared with another; `turn` is the number of tokens per
/// thread.
pub fn scaling(
    contender: &dyn Contender,
    other: &dyn Contender,
    rounds: usize,
    turn: usize,
    mut tokens: impl FnMut(usize) -> Vec<String>,
) -> Scaling {
    let (mut own, mut against) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let [left, right] = [contender, other].map(|contender| {
            let alone = timed(&mut [contender.another()], turn, &mut tokens);
            let both = timed(&mut [contender.another(), contender.another()], turn, &mut tokens);
            alone.as_secs_f64() / both.as_secs_f64()
        });
        own.push(left);
        against.push(left / right);
    }
    Scaling { own: Spread::of(own), against: Spread::of(against) }
}

/// The time until all contenders have processed their tokens; each has tokens of its own.
fn timed(
    contenders: &mut [Box<dyn Contender>],
    turn: usize,
    tokens: &mut impl FnMut(usize) -> Vec<String>,
) -> Duration {
    for contender in contenders.iter_mut() {
        contender.prepare(&tokens(turn));
    }
    let start = Barrier::new(contenders.len());
    thread::scope(|scope| {
        let running: Vec<_> = contenders
            .iter_mut()
            .map(|contender| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    let begin = Instant::now();
                    contender.run();
                    begin.elapsed()
                })
            })
            .collect();
        let times = running.into_iter().map(|thread| thread.join().expect("no panic"));
        times.max().expect("at least one")
    })
}
