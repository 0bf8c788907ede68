//! What authentication costs a request, in units that do not depend on the machine.
//!
//! ```text
//! cargo bench -p scopegate-benches --bench over
//! cargo bench -p scopegate-benches --bench over -- against=PROGRAM [ROUNDS]   # compare two builds
//! ```
//!
//! - *over*: (request − bare axum) / raw verification of the same token. 1.00 would mean that the
//!   layer does nothing but verify the signature.
//! - *repeat*: (request with a token seen before − bare axum) / bare axum.
//!
//! The results are medians of interleaved rounds, with minimum and maximum; see
//! `docs/benchmarks.md`. With `against`, this build is compared with another build of this benchmark
//! in interleaved rounds, to measure what a change costs. `PROGRAM` is the absolute path of a copy;
//! `cargo bench --no-run` prints where the build is.

use std::io::{self, Write};

use scopegate_benches::{Contender, Raw, Setting, scaling, take_turns};
use scopegate_jose::Algorithm;
use serde_json::json;

mod against;
mod ours;

const ALGORITHMS: [Algorithm; 3] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];

const ROUNDS: usize = 15;
const TURNS: usize = 6;

/// This many tokens fill the cache if each is sent twice.
const FULL: usize = 14_000;

const AROUND: &str = "around the `Router`";
const INSIDE: &str = "`Router::layer`";
const SAME_BODY: &str = "`Router::layer`, same body";
const WITHOUT_CACHE: &str = "around, without a cache";

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let value = |name| arguments.iter().find_map(|argument| argument.strip_prefix(name));
    if let Some(algorithm) = value(against::MEASURE) {
        return against::measure(algorithm);
    }
    if let Some(other) = value("against=") {
        let rounds = arguments.iter().find_map(|argument| argument.parse::<usize>().ok());
        return against::compare(other, rounds.unwrap_or(ROUNDS).max(1));
    }
    tables()
}

fn tables() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut settings = ALGORITHMS.map(Setting::new);
    for setting in &mut settings {
        for (wrong, token) in setting.refused() {
            assert_eq!(ours::around(setting).status(&token), 401, "{wrong}");
            assert_eq!(ours::inside(setting).status(&token), 401, "{wrong}");
        }
    }
    writeln!(out, "| first-seen token | over | request, ns | raw, ns |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for setting in &mut settings {
        first_seen(setting, &mut out)?;
    }
    writeln!(out, "\n| repeat token | added / bare | request, ns | bare, ns |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for setting in &mut settings {
        repeat(setting, &mut out)?;
    }
    writeln!(out, "\n| scaling to two threads | own | relative to raw verification |")?;
    writeln!(out, "| --- | --- | --- |")?;
    for setting in &mut settings {
        two_threads(setting, &mut out)?;
    }
    Ok(())
}

fn first_seen(setting: &mut Setting, out: &mut impl Write) -> io::Result<()> {
    let (mut raw, mut plain) = (Raw::new(setting), ours::plain());
    let (mut around, mut inside) = (ours::around(setting), ours::inside(setting));
    let (mut anew, mut second) = (ours::without_cache(setting), SecondUse(ours::around(setting)));
    for _ in 0..FULL / 1000 {
        second.prepare(&setting.tokens(1000));
        second.run();
    }
    let contenders: &mut [&mut dyn Contender] =
        &mut [&mut raw, &mut plain, &mut around, &mut inside, &mut second, &mut anew];
    let rounds = take_turns(contenders, ROUNDS, TURNS, |count| setting.tokens(count));
    let name = setting.algorithm().name();
    let which = [AROUND, INSIDE, "around, second use", WITHOUT_CACHE];
    for (at, which) in which.iter().enumerate().map(|(at, which)| (at + 2, which)) {
        let (over, nanos, raw) = (rounds.over(at, 1, 0), rounds.nanos(at), rounds.nanos(0));
        writeln!(out, "| {name}, {which} | {over:.3} | {nanos:.0} | {raw:.0} |")?;
    }
    Ok(())
}

/// The second use of each token. It evicts another token from the cache, which is full.
struct SecondUse<C>(C);

impl<C: Contender> Contender for SecondUse<C> {
    fn prepare(&mut self, tokens: &[String]) {
        self.0.prepare(tokens);
        self.0.run();
        self.0.prepare(tokens);
    }

    fn run(&mut self) {
        self.0.run();
    }

    fn another(&self) -> Box<dyn Contender> {
        self.0.another()
    }
}

fn repeat(setting: &mut Setting, out: &mut impl Write) -> io::Result<()> {
    let mut plain = ours::plain();
    let (mut around, mut inside) = (ours::around(setting), ours::inside(setting));
    let mut same_body = ours::same_body(setting);
    let token = setting.token(json!({}));
    let contenders: &mut [&mut dyn Contender] =
        &mut [&mut plain, &mut around, &mut inside, &mut same_body];
    let rounds = take_turns(contenders, ROUNDS, TURNS * 50, |count| vec![token.clone(); count]);
    let name = setting.algorithm().name();
    for (at, which) in [(1, AROUND), (2, INSIDE), (3, SAME_BODY)] {
        let (added, nanos, bare) = (rounds.over(at, 0, 0), rounds.nanos(at), rounds.nanos(0));
        writeln!(out, "| {name}, {which} | {added:.3} | {nanos:.0} | {bare:.0} |")?;
    }
    Ok(())
}

fn two_threads(setting: &mut Setting, out: &mut impl Write) -> io::Result<()> {
    let (around, raw, plain) = (ours::around(setting), Raw::new(setting), ours::plain());
    let name = setting.algorithm().name();
    let first = scaling(&around, &raw, ROUNDS, 60, |count| setting.tokens(count));
    writeln!(out, "| {name}, first-seen | {:.2} | {:.2} |", first.own, first.against)?;
    let token = setting.token(json!({}));
    let mut warm = around.another();
    warm.prepare(std::slice::from_ref(&token));
    warm.run();
    for (which, contender) in [("repeat", &around as &dyn Contender), ("bare axum", &plain)] {
        let repeat = scaling(contender, &raw, ROUNDS, 6_000, |count| vec![token.clone(); count]);
        writeln!(out, "| {name}, {which} | {:.2} | {:.2} |", repeat.own, repeat.against)?;
    }
    Ok(())
}
