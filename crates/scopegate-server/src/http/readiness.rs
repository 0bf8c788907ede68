//! Whether the storage works, checked at most once a second.
//!
//! The check writes to the storage. Many requests to `/readyz` must not occupy the storage's only
//! writer, which token requests need.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use scopegate_core::store::StoreError;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A storage that takes longer than this to answer counts as unavailable.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a result is reused.
const FRESH: Duration = Duration::from_secs(1);

/// The last result of the check.
#[derive(Clone, Debug, Default)]
pub(super) struct Readiness(Arc<Mutex<Option<Checked>>>);

#[derive(Clone, Copy, Debug)]
struct Checked {
    found_at: Instant,
    /// What keeps the storage from serving.
    impediment: Option<&'static str>,
}

impl Readiness {
    /// What keeps the storage from serving, if anything does. It is pinged unless the last result
    /// is fresh. Concurrent callers wait for the same ping.
    pub(super) async fn impediment<P>(&self, ping: impl FnOnce() -> P) -> Option<&'static str>
    where
        P: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some(checked) = last.filter(|checked| checked.found_at.elapsed() < FRESH) {
            return checked.impediment;
        }
        let ping = ping();
        // The ping runs in its own task, which holds the lock. So a caller that goes away does not
        // cause a second ping.
        let asked = tokio::spawn(async move {
            let impediment = impediment(ping).await;
            *last = Some(Checked { found_at: Instant::now(), impediment });
            impediment
        });
        asked.await.unwrap_or(Some("The storage does not serve."))
    }
}

async fn impediment(ping: impl Future<Output = Result<(), StoreError>>) -> Option<&'static str> {
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn Error, "not ready: the storage does not serve");
            Some("The storage does not serve.")
        }
        Err(_) => {
            tracing::warn!("not ready: the storage does not answer in time");
            Some("The storage does not answer in time.")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A storage that counts its pings. Each takes a given time.
    #[derive(Clone, Default)]
    struct Pinged(Arc<AtomicUsize>);

    impl Pinged {
        fn number(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }

        fn ping(
            &self,
            takes: Duration,
            answer: Result<(), StoreError>,
        ) -> impl FnOnce() -> std::pin::Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>
        {
            let number = Arc::clone(&self.0);
            move || {
                Box::pin(async move {
                    number.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(takes).await;
                    answer
                })
            }
        }
    }

    const SHORT: Duration = Duration::from_millis(10);

    fn full() -> Result<(), StoreError> {
        Err(StoreError::Unavailable("the disk is full".into()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_concurrent_calls_are_one_ping() {
        let (readiness, store) = (Readiness::default(), Pinged::default());
        let asked = (0..100).map(|_| readiness.impediment(store.ping(SHORT, Ok(()))));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(Option::is_none), "{answers:?}");
        assert_eq!(store.number(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_is_reused_for_a_second() {
        let (readiness, store) = (Readiness::default(), Pinged::default());
        let refused = Some("The storage does not serve.");
        assert_eq!(readiness.impediment(store.ping(SHORT, full())).await, refused);
        tokio::time::advance(FRESH - SHORT).await;
        assert_eq!(readiness.impediment(store.ping(SHORT, Ok(()))).await, refused);
        tokio::time::advance(SHORT).await;
        assert_eq!(readiness.impediment(store.ping(SHORT, Ok(()))).await, None);
        assert_eq!(store.number(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_causes_no_second_ping() {
        let (readiness, store) = (Readiness::default(), Pinged::default());
        for _ in 0..10 {
            let asked = readiness.impediment(store.ping(10 * SHORT, Ok(())));
            tokio::time::timeout(SHORT / 10, asked).await.unwrap_err();
        }
        assert_eq!(readiness.impediment(store.ping(SHORT, Ok(()))).await, None);
        assert_eq!(store.number(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_storage_that_hangs_is_not_waited_for() {
        let (readiness, store) = (Readiness::default(), Pinged::default());
        let answer = readiness.impediment(store.ping(2 * PATIENCE, Ok(()))).await;
        assert_eq!(answer, Some("The storage does not answer in time."));
    }
}
