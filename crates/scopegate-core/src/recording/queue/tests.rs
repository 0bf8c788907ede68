use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use tokio::time::advance;

use super::*;
use crate::audit::{DecisionId, What};
use crate::store::StoreError;

/// A ledger that counts what it keeps, and can be slow or out of order.
#[derive(Debug, Default)]
struct Counter {
    broken: AtomicBool,
    takes: Duration,
    kept: AtomicU64,
    tries: Notify,
}

#[async_trait]
impl Ledger for Counter {
    async fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.tries.notify_one();
        if !self.takes.is_zero() {
            sleep(self.takes).await;
        }
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
    let at = UnixTime::from_seconds(1);
    let what = What::SessionStarted { user: "00u1".to_owned() };
    AuditEvent { id: DecisionId::at(at), at, address: None, what }
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
    advance(PATIENCE + Duration::from_millis(1)).await;
    assert!(matches!(queue.reserve(), Err(CallError::AuditQueueFull)));

    ledger.broken.store(false, Ordering::SeqCst);
    while ledger.kept.load(Ordering::SeqCst) == 0 {
        ledger.tries.notified().await;
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    assert!(queue.reserve().is_ok(), "the storage is back");
}

#[tokio::test(start_paused = true)]
async fn who_may_lose_more_waits_longer_for_the_storage() {
    let (ledger, queue) = queue(true);
    queue.let_events_wait(10 * PATIENCE);
    queue.reserve().unwrap().take(event());
    ledger.tries.notified().await;
    advance(10 * PATIENCE).await;
    assert!(queue.reserve().is_ok());
    advance(Duration::from_millis(1)).await;
    assert!(matches!(queue.reserve(), Err(CallError::AuditQueueFull)));
}

/// Behind the batch that is written there wait others: each batch takes less than a second, and all
/// together do not.
#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_slow_batch_counts_from_when_it_was_taken() {
    let ledger = Arc::new(Counter { takes: Duration::from_millis(300), ..Counter::default() });
    let queue = AuditQueue::start(ledger.clone());
    for _ in 0..4 * BATCH {
        queue.reserve().unwrap().take(event());
    }
    sleep(PATIENCE - Duration::from_millis(1)).await;
    assert!(queue.reserve().is_ok(), "the third batch is being written");
    sleep(Duration::from_millis(2)).await;
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 3 * BATCH as u64);
    assert!(queue.reserve().is_err(), "the fourth has waited for all others");
    sleep(Duration::from_millis(300)).await;
    assert!(queue.reserve().is_ok(), "all is written");
}

/// A task that writes must have its turn first.
#[tokio::test(start_paused = true)]
async fn what_nobody_has_begun_to_write_counts_too() {
    let shared = Shared::default();
    shared.reserve().unwrap().take(event());
    advance(PATIENCE).await;
    shared.reserve().unwrap().take(event());
    advance(Duration::from_millis(1)).await;
    assert!(shared.reserve().is_err());
    assert!(matches!(shared.next(), Next::Write(changes) if changes.len() == 2));
    assert!(shared.reserve().is_err(), "it is being written");
    shared.written();
    assert!(shared.reserve().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_less_than_a_second_of_grants_at_any_moment() {
    let ledger = Arc::new(Counter { takes: Duration::from_millis(70), ..Counter::default() });
    let queue = AuditQueue::start(ledger.clone());
    let (mut taken, mut refused) = (Vec::new(), 0);
    for step in 0..20_000 {
        ledger.broken.store(step % 7000 > 3500, Ordering::SeqCst);
        // More than the storage keeps up with, now and then.
        for _ in 0..if step % 3000 < 300 { 20 } else { 1 } {
            match queue.reserve() {
                Ok(place) => {
                    place.take(event());
                    taken.push(Instant::now());
                }
                Err(_) => refused += 1,
            }
        }
        let lost = &taken[ledger.kept.load(Ordering::SeqCst) as usize..];
        if let [first, .., last] = lost {
            assert!(*last - *first < Duration::from_secs(1), "{step}");
        }
        sleep(Duration::from_millis(1)).await;
    }
    assert!(refused > 0 && taken.len() > 20_000, "{refused} {}", taken.len());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_not_taken_is_free_again() {
    let (ledger, queue) = queue(false);
    for _ in 0..2 * QUEUE_LENGTH {
        drop(queue.reserve().unwrap());
    }
    let place = queue.reserve().unwrap();
    let late = async move {
        tokio::task::yield_now().await;
        place.take(event());
    };
    tokio::join!(queue.close(), late);
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 1, "it was promised before");
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
