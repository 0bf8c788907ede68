//! The CPU time of a request in our server, compared with a handler that does only the necessary
//! work.
//!
//! ```text
//! cargo bench -p scopegate-benches --bench load [-- rs256 | es256 | patience]
//! cargo bench -p scopegate-benches --bench load -- rs256 userinfo refresh 40   # selected requests, 40 rounds
//! cargo bench -p scopegate-benches --bench load -- rs256 against=PROGRAM       # compare with PROGRAM, not `bare`
//!
//! # Of the release build of the program: `cargo build --release -p scopegate-server` first.
//! npm ci --prefix benches/oidc-provider
//! cargo bench -p scopegate-benches --bench load -- tokens [rs256] [21]  # beside node-oidc-provider
//! cargo bench -p scopegate-benches --bench load -- scale [21]           # large catalogs beside a small one
//! cargo bench -p scopegate-benches --bench load -- clients [1000000]    # apply and serve this many clients
//! ```
//!
//! Each server is a process of its own with its own database, and gets requests over 32 persistent
//! connections. CPU times are those of the server's process. Rounds alternate, and each ratio is
//! taken within one round. `docs/benchmarks.md` describes the bare handler. With `against`, our
//! server is compared with another build of this benchmark (`cargo bench --no-run` prints its
//! path), to measure what a change costs.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and shows")]

mod bare;
mod browser;
mod catalogs;
mod child;
mod http;
mod ours;
mod patience;
mod program;
mod side;
mod token;
mod tokens;
mod work;

use std::io::Write;
use std::path::Path;

use crate::side::Side;
use crate::work::Work;

const ROUNDS: usize = 21;
const REQUESTS: usize = 1_000;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", "ours", algorithm] => return ours::serve(algorithm),
        ["serve", "bare", algorithm] => return bare::serve(algorithm),
        ["serve", "token", algorithm, port] => {
            return token::serve(algorithm, port.parse().unwrap());
        }
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if measure_tokens(&runtime, &arguments) {
        return;
    }
    let is_asked = |what| arguments.is_empty() || arguments.contains(&what);
    let some: Vec<_> =
        Work::ALL.into_iter().filter(|work| arguments.contains(&work.word())).collect();
    let works = if some.is_empty() { Work::ALL.to_vec() } else { some };
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let against = arguments.iter().find_map(|argument| argument.strip_prefix("against="));
    let names_no_algorithm = !arguments.contains(&"es256") && !arguments.contains(&"rs256");
    for (asked, algorithm) in [("es256", "ES256"), ("rs256", "RS256")] {
        if is_asked(asked) || against.is_some() && names_no_algorithm {
            runtime.block_on(compare(algorithm, against.map(Path::new), &works, rounds));
        }
    }
    if is_asked("patience") {
        runtime.block_on(patience::measure());
    }
}

/// Measures the release build of the program, if one of these words is asked for.
fn measure_tokens(runtime: &tokio::runtime::Runtime, arguments: &[&str]) -> bool {
    let number = arguments.iter().find_map(|argument| argument.parse().ok());
    let rounds = number.unwrap_or(ROUNDS);
    let algorithms = ["RS256", "ES256", "EdDSA"];
    let asked = |algorithm: &&str| arguments.contains(&algorithm.to_lowercase().as_str());
    let some: Vec<_> = algorithms.into_iter().filter(asked).collect();
    let algorithms = if some.is_empty() { algorithms.to_vec() } else { some };
    match arguments.first() {
        Some(&"tokens") => runtime.block_on(tokens::compare(&algorithms, rounds)),
        Some(&"scale") => runtime.block_on(tokens::scale(rounds)),
        Some(&"clients") => runtime.block_on(tokens::clients(number.unwrap_or(1_000_000))),
        _ => return false,
    }
    true
}

async fn compare(algorithm: &str, against: Option<&Path>, works: &[Work], rounds: usize) {
    let other = if against.is_some() { "other" } else { "bare" };
    println!(
        "\n| {algorithm} | ours / {other} | ours, µs | {other}, µs |\n| --- | --- | --- | --- |"
    );
    let mut ours = Side::ours(algorithm).await;
    let mut other = match against {
        Some(program) => Side::ours_of(program, algorithm).await,
        None => Side::bare(algorithm).await,
    };
    for &work in works {
        let (mut ratios, mut both) = (Vec::new(), [Vec::new(), Vec::new()]);
        for round in 0..=rounds {
            let (mine, its) = match round % 2 {
                0 => {
                    let mine = ours.spend(work, REQUESTS).await;
                    (mine, other.spend(work, REQUESTS).await)
                }
                _ => {
                    let its = other.spend(work, REQUESTS).await;
                    (ours.spend(work, REQUESTS).await, its)
                }
            };
            // The first round warms up.
            if round > 0 {
                ratios.push(mine / its);
                both[0].push(mine);
                both[1].push(its);
            }
        }
        let [mine, its] = both.map(median);
        let (least, most) = extremes(&ratios);
        let name = work.name();
        let ratio = median(ratios);
        println!("| {name} | {ratio:.2} ({least:.2}–{most:.2}) | {mine:.0} | {its:.0} |");
        std::io::stdout().flush().unwrap();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn extremes(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (least, values.iter().copied().fold(0.0, f64::max))
}
