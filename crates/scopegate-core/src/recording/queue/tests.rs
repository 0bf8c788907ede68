use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use scopegate_claims::UnixTime;
use tokio::time::advance;

use super::*;
use crate::audit::{DecisionId, What};
use crate::store::StoreError;

/// A storage that counts the changes it writes, and can be slow or broken.
#[derive(Debug, Default)]
struct Counter {
    broken: AtomicBool,
    takes: Duration,
    kept: AtomicU64,
    commits: AtomicU64,
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
        self.commits.fetch_add(1, Ordering::SeqCst);
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
async fn queued_events_are_written_before_the_server_stops() {
    let (ledger, queue) = queue(false);
    for _ in 0..1000 {
        queue.reserve().unwrap().take(event());
    }
    queue.close().await;
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 1000);
    assert!(queue.reserve().is_err());
}

#[tokio::test(start_paused = true)]
async fn events_that_follow_each_other_are_written_together() {
    let (ledger, queue) = queue(false);
    for _ in 0..5 {
        queue.reserve().unwrap().take(event());
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(ledger.commits.load(Ordering::SeqCst), 0, "the first one waits for others");
    sleep(GATHER).await;
    assert_eq!(ledger.commits.load(Ordering::SeqCst), 1);
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 5);
}

#[tokio::test(start_paused = true)]
async fn as_many_events_as_one_transaction_takes_do_not_wait_for_others() {
    let (ledger, queue) = queue(false);
    for _ in 0..BATCH {
        queue.reserve().unwrap().take(event());
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(ledger.kept.load(Ordering::SeqCst), BATCH as u64);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses() {
    let (_, queue) = queue(true);
    let places: Vec<_> = std::iter::from_fn(|| queue.reserve().ok()).collect();
    assert_eq!(places.len(), QUEUE_LENGTH);
}

#[tokio::test(start_paused = true)]
async fn while_the_storage_fails_events_are_accepted_for_less_than_a_second() {
    let (ledger, queue) = queue(true);
    queue.reserve().unwrap().take(event());
    ledger.tries.notified().await;
    assert!(queue.reserve().is_ok(), "the event has not waited for long");
    advance(MAX_WAIT + Duration::from_millis(1)).await;
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
async fn the_maximum_wait_can_be_set() {
    let (ledger, queue) = queue(true);
    queue.let_events_wait(10 * MAX_WAIT);
    queue.reserve().unwrap().take(event());
    ledger.tries.notified().await;
    advance(10 * MAX_WAIT - GATHER).await;
    assert!(queue.reserve().is_ok());
    advance(Duration::from_millis(1)).await;
    assert!(matches!(queue.reserve(), Err(CallError::AuditQueueFull)));
}

/// Three batches wait behind the one that is being written. Each takes less than a second, and all
/// together take more.
#[tokio::test(start_paused = true)]
async fn the_wait_of_an_event_includes_the_batches_before_it() {
    let ledger = Arc::new(Counter { takes: Duration::from_millis(300), ..Counter::default() });
    let queue = AuditQueue::start(ledger.clone());
    for _ in 0..4 * BATCH {
        queue.reserve().unwrap().take(event());
    }
    sleep(MAX_WAIT - Duration::from_millis(1)).await;
    assert!(queue.reserve().is_ok(), "the third batch is being written");
    sleep(Duration::from_millis(2)).await;
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 3 * BATCH as u64);
    assert!(queue.reserve().is_err(), "the fourth batch has waited for the other three");
    sleep(Duration::from_millis(300)).await;
    assert!(queue.reserve().is_ok(), "all batches are written");
}

/// Between queueing and writing, the runtime must schedule the writer.
#[tokio::test(start_paused = true)]
async fn an_event_that_the_writer_has_not_yet_seen_counts_as_waiting() {
    let shared = Shared::default();
    shared.reserve().unwrap().take(event());
    advance(MAX_WAIT).await;
    shared.reserve().unwrap().take(event());
    advance(Duration::from_millis(1)).await;
    assert!(shared.reserve().is_err());
    assert!(matches!(shared.next(), Next::Write(changes) if changes.len() == 2));
    assert!(shared.reserve().is_err(), "it is being written");
    shared.written();
    assert!(shared.reserve().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_less_than_a_second_of_events_at_any_moment() {
    let ledger = Arc::new(Counter { takes: Duration::from_millis(70), ..Counter::default() });
    let queue = AuditQueue::start(ledger.clone());
    let (mut taken, mut refused) = (Vec::new(), 0);
    for step in 0..20_000 {
        ledger.broken.store(step % 7000 > 3500, Ordering::SeqCst);
        // From time to time more events than the storage can write.
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
async fn a_place_that_is_dropped_is_free_again() {
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
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 1, "its place was reserved before");
}

#[tokio::test(start_paused = true)]
async fn a_server_stops_even_if_the_storage_keeps_failing() {
    let (ledger, queue) = queue(true);
    queue.reserve().unwrap().take(event());
    ledger.tries.notified().await;
    let started = Instant::now();
    queue.close().await;
    assert!(started.elapsed() <= LAST_TRIES + RETRY_AFTER);
    assert_eq!(ledger.kept.load(Ordering::SeqCst), 0);
}
