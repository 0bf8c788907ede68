//! What a durable row of SQLite costs, with several numbers of concurrent commits:
//!
//! ```text
//! cargo bench -p scopegate-store --bench durable_rows [-- FOLDER]
//! ```
//!
//! The file is in the folder, by default in that for temporary files. A commit is what a client's assertion
//! leaves: the used `jti` and the audit event, two rows.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and shows")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use scopegate_claims::UnixTime;
use scopegate_core::audit::{
    AuditEvent, Basis, ClientDecision, DecisionId, DecisionKind, Outcome, What,
};
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{Change, Ledger};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};

const ROUND: Duration = Duration::from_secs(3);
const ROWS: u32 = 2;

fn main() {
    let asked = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let folder = asked.map_or_else(std::env::temp_dir, PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for connections in [1, 8, 32, 128] {
        let busy = busy();
        let (rows, spent) = runtime.block_on(measure(&folder, connections));
        let (each, busy) = (micros(spent / rows), micros((self::busy() - busy) / rows));
        println!("{connections:>4} connections: {each:>6.1} µs a row, {busy:>6.1} of them CPU");
    }
}

/// The CPU time of this process; zero where there is no `/proc`.
fn busy() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let times = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let hundredths: u64 = times.filter_map(|time| time.parse::<u64>().ok()).sum();
    Duration::from_millis(hundredths * 10)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

async fn measure(folder: &std::path::Path, connections: u32) -> (u32, Duration) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let url = StoreUrl::sqlite(folder.path().join("s.db"));
    let store = SqlStore::open(&url, &StoreOptions::default()).await.unwrap();
    let began = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|client| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut commits = 0_u32;
                while began.elapsed() < ROUND {
                    store.commit(&changes(client, commits)).await.unwrap();
                    commits += 1;
                }
                commits
            })
        })
        .collect();
    let mut commits = 0;
    for client in clients {
        commits += client.await.unwrap();
    }
    let spent = began.elapsed();
    store.close().await;
    (commits * ROWS, spent)
}

fn changes(client: u32, number: u32) -> [Change; 2] {
    let id = ClientId::parse("bench").unwrap();
    let jti = format!("{client}.{number}");
    let decision = ClientDecision {
        kind: DecisionKind::TokenGrant,
        server: "default".into(),
        client: "bench".into(),
        grant_type: Some("client_credentials".into()),
        outcome: Outcome::Allow,
        reason: None,
        scope: "read:orders".into(),
        rule: Some("default/everything".into()),
        token_id: None,
        user: None,
        family: None,
        basis: Basis::default(),
    };
    let at = UnixTime::from_seconds(1_800_000_000);
    let what = What::Decision(Box::new(decision));
    [
        Change::UseAssertion { client: id, jti, expires_at: UnixTime::MAX },
        Change::Audit(AuditEvent { id: DecisionId::at(at), at, address: None, what }),
    ]
}
