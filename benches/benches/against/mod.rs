//! Two builds of this benchmark, compared in interleaved rounds.
//!
//! Each build is a process of its own, which measures one round for each line on its standard
//! input. A machine that slows down then slows both builds down.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use scopegate_benches::{Contender, Raw, Setting, Spread, take_turns};
use scopegate_jose::Algorithm;
use serde_json::json;

use super::{ALGORITHMS, AROUND, INSIDE, TURNS, WITHOUT_CACHE, ours};

/// The argument that makes a process measure for [`compare`].
pub(crate) const MEASURE: &str = "measure=";

/// Prints each ratio of this build and of the other one, as medians of this many rounds.
pub(crate) fn compare(other: &str, rounds: usize) -> io::Result<()> {
    let this = std::env::current_exe()?;
    let mut out = io::stdout().lock();
    writeln!(out, "| ratio | this build | other build | this − other |")?;
    writeln!(out, "| --- | --- | --- | --- |")?;
    for algorithm in ALGORITHMS {
        let mut builds =
            [Build::start(this.as_os_str(), algorithm)?, Build::start(other.as_ref(), algorithm)?];
        // The first round warms up. The builds take turns in being the first of a round.
        for round in 0..=rounds {
            for place in 0..2 {
                builds[(round + place) % 2].measure(round > 0)?;
            }
        }
        let [this, other] = &builds;
        for (name, new) in &this.rows {
            let Some((_, old)) = other.rows.iter().find(|(known, _)| known == name) else {
                continue;
            };
            let difference = new.iter().zip(old).map(|(new, old)| new - old).collect();
            let [new, old, difference] = [new.clone(), old.clone(), difference].map(Spread::of);
            writeln!(out, "| {name} | {new:.3} | {old:.3} | {difference:.3} |")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// In the process of a build: measures one round for each line on the standard input.
pub(crate) fn measure(algorithm: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let algorithm = ALGORITHMS.into_iter().find(|known| known.name() == algorithm);
    let setting = &mut Setting::new(algorithm.expect("one of the measured algorithms"));
    let name = setting.algorithm().name();
    let (mut raw, mut plain) = (Raw::new(setting), ours::plain());
    let (mut around, mut inside) = (ours::around(setting), ours::inside(setting));
    let mut anew = ours::without_cache(setting);
    let token = setting.token(json!({}));
    for line in io::stdin().lines() {
        line?;
        let rounds = take_turns(
            &mut [&mut raw, &mut plain, &mut around, &mut inside, &mut anew],
            1,
            TURNS,
            |count| setting.tokens(count),
        );
        for (at, which) in [(2, AROUND), (3, INSIDE), (4, WITHOUT_CACHE)] {
            writeln!(out, "{name}, first-seen, {which}\t{}", rounds.over(at, 1, 0).median)?;
        }
        let contenders = &mut [&mut plain as &mut dyn Contender, &mut around, &mut inside];
        let rounds = take_turns(contenders, 1, TURNS * 50, |count| vec![token.clone(); count]);
        for (at, which) in [(1, AROUND), (2, INSIDE)] {
            writeln!(out, "{name}, repeat, {which}\t{}", rounds.over(at, 0, 0).median)?;
        }
        writeln!(out)?;
        out.flush()?;
    }
    Ok(())
}

/// The process of a build, and what it measured.
struct Build {
    process: Child,
    asks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// The name of each ratio, and its value in each round.
    rows: Vec<(String, Vec<f64>)>,
}

impl Build {
    fn start(program: &OsStr, algorithm: Algorithm) -> io::Result<Self> {
        let mut process = Command::new(program)
            .arg(format!("{MEASURE}{}", algorithm.name()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let asks = process.stdin.take().expect("it is piped");
        let answers = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        Ok(Self { process, asks, answers, rows: Vec::new() })
    }

    /// Has the process measure one round.
    fn measure(&mut self, keep: bool) -> io::Result<()> {
        writeln!(self.asks)?;
        for line in self.answers.by_ref() {
            let line = line?;
            let Some((name, value)) = line.split_once('\t') else { return Ok(()) };
            if !keep {
                continue;
            }
            let value = value.parse().map_err(io::Error::other)?;
            match self.rows.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => self.rows.push((name.to_owned(), vec![value])),
            }
        }
        Err(io::Error::other("the other build cannot compare itself, or it ended early"))
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
