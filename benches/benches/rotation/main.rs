//! Keys that rotate every 60 s, under a steady light load: are tokens refused that are valid?
//!
//! ```text
//! npm ci --prefix tests/foreign_clients/node
//! cargo build -p scopegate-server
//! scripts/postgres cargo bench --profile dev -p scopegate-benches --bench rotation -- 30m
//! ```
//!
//! Two nodes of the real binary share a PostgreSQL store and a base URL, behind a balancer of TCP
//! connections. Tokens of 5 minutes are presented at once, later, and just before they expire: to a
//! service with our layer and to one with the npm package jose, both with default settings. One
//! node is killed, the master key changes, and a signing key is revoked meanwhile. The exit code is
//! 1 if anything is refused that is valid, or accepted that is not.
//!
//! The arguments are the duration, 3 minutes or more, and `scopegate=PROGRAM` for another binary
//! than that beside this one.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and shows")]

mod balancer;
mod catalog;
mod cluster;
mod events;
mod jose;
mod layer;
mod load;
mod node;
mod record;
mod report;
mod revocation;
mod token;
mod verifiers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scopegate_core::spelling::parse_duration;

use crate::cluster::Cluster;
use crate::record::Record;
use crate::verifiers::Verifiers;

/// What all tasks of a run share.
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) verifiers: Verifiers,
    pub(crate) record: Record,
    pub(crate) begin: Instant,
    pub(crate) duration: Duration,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let program = arguments.iter().find_map(|argument| argument.strip_prefix("scopegate="));
    let program = program.map_or_else(built_beside, PathBuf::from);
    let duration = arguments.iter().find_map(|argument| parse_duration(argument));
    let store = std::env::var("SCOPEGATE_TEST_POSTGRES_URL");
    let (Some(duration), Ok(store)) = (duration, store) else {
        // Plain `cargo bench` runs all targets, and this one takes long.
        println!("rotation: skipped; it needs a duration and `scripts/postgres`");
        return ExitCode::SUCCESS;
    };
    assert!(duration >= Duration::from_secs(180), "the shortest run takes 3 minutes");

    let cluster = Cluster::start(program, &store).await;
    let verifiers = Verifiers::start(cluster.base());
    let record = Record::default();
    let run = Arc::new(Run { cluster, verifiers, record, begin: Instant::now(), duration });
    let events = tokio::spawn(events::happen(Arc::clone(&run)));
    load::generate(&run).await;
    events.await.expect("each event is possible");
    report::print(&run);
    if run.record.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The binary of the same profile: `target/{profile}/scopegate`, as this is in `deps` there.
fn built_beside() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.parent().and_then(|deps| deps.parent()).unwrap().join("scopegate")
}
