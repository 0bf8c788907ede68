use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use scopegate_claims::UnixTime;

use super::*;
use crate::audit::DecisionId;
use crate::store::StoreError;

/// A ledger that counts what it keeps, and can be out of order.
#[derive(Debug, Default)]
struct Counter {
    broken: AtomicBool,
    kept: AtomicU64,
    tries: Notify,
}

#[async_trait]
impl Ledger for Counter {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.tries.notify_one();
        if self.broken.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("out of order".into()));
        }
        self.kept.fetch_add(changes.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    async fn forget_expired(&self, _: UnixTime) -> Result<(), StoreError> {
        Ok(())
    }
}

fn event() -> AuditEvent {
    AuditEvent {
        id: DecisionId::at(UnixTime::from_seconds(1)),
        at: UnixTime::from_seconds(1),
        kind: "test",
        server: String::new(),
        client: String::new(),
        grant_type: None,
        outcome: "ALLOW",
        reason: None,
        scope: String::new(),
        rule: None,
        token_id: None,
        user: None,
        family: None,
        address: None,
    }
}

fn queue(broken: bool) -> (Arc<Counter>, AuditQueue) {
    let ledger = Arc::new(Counter { broken: broken.into(), ..Counter::default() });
    (Arc::clone(&ledger), AuditQueue::start(ledger))
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_written_before_the_server_stops() {
    let (ledger, queue) = queue(false);
    for _ in 0..1000 {
        queue.reserve().unwrap().take(event());
    }
    queue.close().await;
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 1000);
    assert!(queue.reserve().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses() {
    let (_, queue) = queue(true);
    let places: Vec<_> = std::iter::from_fn(|| queue.reserve().ok()).collect();
    assert_eq!(places.len(), QUEUE_LENGTH);
}

#[tokio::test(start_paused = true)]
async fn while_the_storage_is_away_no_more_than_a_second_of_grants_is_taken() {
    let (ledger, queue) = queue(true);
    queue.reserve().unwrap().take(event());
    ledger.tries.notified().await;
    assert!(queue.reserve().is_ok(), "a moment is nothing");
    tokio::time::advance(PATIENCE + Duration::from_millis(1)).await;
    assert!(matches!(queue.reserve(), Err(TokenError::AuditQueueFull)));

    ledger.broken.store(false, Ordering::SeqCst);
    while ledger.kept.load(Ordering::SeqCst) == 0 {
        ledger.tries.notified().await;
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    assert!(queue.reserve().is_ok(), "the storage is back");
}

#[tokio::test(start_paused = true)]
async fn a_server_stops_even_if_the_storage_never_comes_back() {
    let (ledger, queue) = queue(true);
    queue.reserve().unwrap().take(event());
    ledger.tries.notified().await;
    let started = Instant::now();
    queue.close().await;
    assert!(started.elapsed() <= LAST_TRIES + RETRY_AFTER);
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 0);
}
