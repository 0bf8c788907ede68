//! Tokens by `client_credentials`: the release build of our program, a bare handler and
//! node-oidc-provider, and catalogs of several sizes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::catalogs::{Catalog, token_request};
use crate::http::Connection;
use crate::program::{Program, apply, free_port};
use crate::side::stay_awake;
use crate::{extremes, median};

const CONNECTIONS: usize = 8;
const REQUESTS: usize = 2_000;
/// The folder of the npm package, with `npm ci` done.
const PROVIDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/oidc-provider");

/// A server under load.
struct Contender {
    program: Program,
    requests: Vec<Vec<u8>>,
    /// The folder of its database, if it has one.
    _folder: Option<TempDir>,
}

impl Contender {
    fn ours(catalog: Catalog) -> Self {
        let folder = tempfile::tempdir().unwrap();
        apply(folder.path(), &catalog.text());
        let program = Program::scopegate(folder.path());
        let requests = catalog.requests(REQUESTS);
        Self { program, requests, _folder: Some(folder) }
    }

    fn bare(algorithm: &str) -> Self {
        let program = Program::of_this("token", algorithm);
        let request = token_request("/token", "client-0", "read:0");
        Self { program, requests: vec![request; REQUESTS], _folder: None }
    }

    fn provider(algorithm: &str) -> Self {
        let port = free_port();
        let mut command = Command::new("node");
        command.arg(provider()).args([algorithm, &port.to_string()]);
        let program = Program::start(command, port);
        let request = token_request("/token", "client-0", "read:0");
        Self { program, requests: vec![request; REQUESTS], _folder: None }
    }

    /// The CPU time of a token in microseconds.
    async fn spend(&self) -> f64 {
        let share = self.requests.len().div_ceil(CONNECTIONS);
        let mut lanes = Vec::new();
        for requests in self.requests.chunks(share) {
            let mut connection = Connection::open(self.program.port).await;
            connection.send(&requests[0]).await;
            lanes.push((connection, requests.to_vec()));
        }
        let before = self.program.threads();
        let mut all = JoinSet::new();
        for (mut connection, requests) in lanes {
            all.spawn(async move {
                for request in requests {
                    let reply = connection.send(&request).await;
                    assert_eq!(reply.status, 200, "{}", reply.body);
                }
            });
        }
        tokio::select! {
            _ = all.join_all() => {}
            () = stay_awake() => {}
        }
        self.program.worked_since(&before).as_secs_f64() * 1e6 / self.requests.len() as f64
    }
}

fn provider() -> PathBuf {
    let folder = Path::new(PROVIDER);
    assert!(
        folder.join("node_modules").exists(),
        "run `npm ci --prefix benches/oidc-provider` first"
    );
    folder.join("server.mjs")
}

/// Compares with the bare handler and with node-oidc-provider.
pub(crate) async fn compare(algorithms: &[&'static str], rounds: usize) {
    println!(
        "\n| tokens | ours / bare | ours less than node-oidc-provider | ours, µs | bare, µs | node, µs | resident, MiB: ours | bare |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for algorithm in algorithms {
        let ours = Contender::ours(Catalog::small(algorithm));
        let (bare, node) = (Contender::bare(algorithm), Contender::provider(algorithm));
        let all = [&ours, &bare, &node];
        let times = interleaved(&all, rounds).await;
        let over = ratios(&times[0], &times[1]);
        let less = ratios(&times[2], &times[0]);
        let [mine, plain, its] = times.map(median);
        println!(
            "| {algorithm} | {over} | {less} | {mine:.0} | {plain:.0} | {its:.0} | {:.0} | {:.0} |",
            ours.program.resident(),
            bare.program.resident()
        );
        std::io::stdout().flush().unwrap();
    }
}

/// Compares large catalogs with a small one.
pub(crate) async fn scale(rounds: usize) {
    let small = Catalog::small;
    let cases = [
        ("10,000 servers", Catalog { servers: 10_000, ..small("ES256") }),
        ("100,000 clients", Catalog { clients: 100_000, ..small("ES256") }),
        ("both", Catalog { servers: 10_000, clients: 100_000, ..small("ES256") }),
        ("1,000 rules", Catalog { rules: 1_000, ..small("RS256") }),
        ("1,000 rules", Catalog { rules: 1_000, ..small("EdDSA") }),
        ("ten claims by expression", Catalog { expressions: 10, ..small("EdDSA") }),
    ];
    println!(
        "\n| catalog | algorithm | large / small | large, µs | small, µs | resident, MiB: large | small |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, catalog) in cases {
        let (large, small) = (Contender::ours(catalog), Contender::ours(small(catalog.algorithm)));
        let times = interleaved(&[&large, &small], rounds).await;
        let over = ratios(&times[0], &times[1]);
        let [its, plain] = times.map(median);
        println!(
            "| {name} | {} | {over} | {its:.0} | {plain:.0} | {:.0} | {:.0} |",
            catalog.algorithm,
            large.program.resident(),
            small.program.resident()
        );
        std::io::stdout().flush().unwrap();
    }
}

/// Applies and serves a catalog with this number of clients.
pub(crate) async fn clients(count: usize) {
    let catalog = Catalog { clients: count, ..Catalog::small("ES256") };
    let folder = tempfile::tempdir().unwrap();
    let applied_in = apply(folder.path(), &catalog.text()).as_secs_f64();
    let program = Program::scopegate(folder.path());
    let started_in = program.started_in.as_secs_f64();
    let contender =
        Contender { program, requests: catalog.requests(REQUESTS), _folder: Some(folder) };
    let time = contender.spend().await;
    println!("\n| clients | apply, s | start, s | resident, MiB | a token, µs |");
    println!("| --- | --- | --- | --- | --- |");
    let resident = contender.program.resident();
    println!("| {count} | {applied_in:.1} | {started_in:.1} | {resident:.0} | {time:.0} |");
}

/// The times of each contender. Rounds alternate; the first one warms up.
async fn interleaved<const N: usize>(all: &[&Contender; N], rounds: usize) -> [Vec<f64>; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for turn in 0..N {
            let which = (round + turn) % N;
            let time = all[which].spend().await;
            if round > 0 {
                times[which].push(time);
            }
        }
    }
    times
}

/// The median of the ratios within each round, with the least and the greatest.
fn ratios(one: &[f64], other: &[f64]) -> String {
    let ratios: Vec<_> = one.iter().zip(other).map(|(one, other)| one / other).collect();
    let (least, most) = extremes(&ratios);
    format!("{:.2} ({least:.2}–{most:.2})", median(ratios))
}
