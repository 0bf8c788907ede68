//! What a large audit table costs SQLite: at the start, and while it is pruned.
//!
//! ```text
//! cargo bench -p scopegate-store --bench prune_audit [-- ROWS [FOLDER]]
//! ```
//!
//! A million rows by default; ten million take some 6 GB of disk. Half of them are deleted. Meanwhile
//! a task commits again and again: how long each commit waits is the result.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it measures and shows")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use scopegate_claims::UnixTime;
use scopegate_core::audit::DecisionId;
use scopegate_core::catalog::ClientId;
use scopegate_core::store::{Change, Ledger, Upkeep};
use scopegate_store::{SqlStore, StoreOptions, StoreUrl};

fn main() {
    let asked: Vec<_> = std::env::args().skip(1).filter(|text| !text.starts_with('-')).collect();
    let rows = asked.first().map_or(1_000_000, |rows| rows.parse().unwrap());
    let folder = asked.get(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(rows, &folder));
}

async fn measure(rows: u64, folder: &Path) {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let path = folder.path().join("s.db");
    let (url, options) = (StoreUrl::sqlite(&path), StoreOptions::default());
    let open = || SqlStore::open(&url, &options);
    open().await.unwrap().close().await;
    let began = Instant::now();
    fill(&path, rows);
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!("{rows} rows, {} MB, written in {:?}", bytes / 1_000_000, began.elapsed());

    let began = Instant::now();
    let store = open().await.unwrap();
    println!("opened in {:?}", began.elapsed());
    wait(&store, "alone", tokio::spawn(tokio::time::sleep(Duration::from_secs(5)))).await;

    let (pruner, half) = (store.clone(), UnixTime::from_seconds(rows / 2));
    let began = Instant::now();
    let pruning = tokio::spawn(async move { pruner.prune_audit(DecisionId::first_at(half)).await });
    let pruned = wait(&store, "meanwhile", pruning).await.unwrap();
    println!("{pruned} rows deleted in {:?}", began.elapsed());
    store.close().await;
}

/// Commits until a task ends, and shows how long each commit took.
async fn wait<T>(store: &SqlStore, when: &str, until: tokio::task::JoinHandle<T>) -> T {
    let mut waits = Vec::new();
    while !until.is_finished() {
        let began = Instant::now();
        let client = ClientId::parse("bench").unwrap();
        let jti = format!("{when} {}", waits.len());
        let used = Change::UseAssertion { client, jti, expires_at: UnixTime::MAX };
        store.commit(&[used]).await.unwrap();
        waits.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    waits.sort_unstable();
    let at = |part: f64| waits[((waits.len() - 1) as f64 * part) as usize];
    let (half, most, all) = (at(0.5), at(0.99), at(1.0));
    println!("{when}: {} commits, median {half:?}, 99 % {most:?}, longest {all:?}", waits.len());
    until.await.unwrap()
}

/// Writes events as a server would, one per second from 1970 on.
fn fill(path: &Path, rows: u64) {
    let connection = Connection::open(path).unwrap();
    const AT_ONCE: u64 = 1_000_000;
    for first in (1..=rows).step_by(AT_ONCE as usize) {
        let last = rows.min(first + AT_ONCE - 1);
        let fill = format!(
            "WITH RECURSIVE row(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM row WHERE n < {last}) \
             INSERT INTO audit_event (id, happened_at, server, client, body) \
             SELECT printf('%08x-%04x-7000-8000-%012x', (n * 1000) >> 16, (n * 1000) & 65535, n), \
             n, 'default', 'reader', printf('%.400c', 'x') FROM row"
        );
        connection.execute_batch(&fill).unwrap();
    }
}
