//! Work that goes on even if nobody waits for its answer.
//!
//! A server drops what it does for a client as soon as the client has gone. That is right for what
//! gives something to the client, and wrong for what takes something away.

use std::sync::Arc;

use tokio::sync::{Semaphore, TryAcquireError};

use crate::store::StoreError;

/// Where such work is done: each in a task of its own, and no more than so many at once. A clone is
/// the same place.
#[derive(Clone, Debug)]
pub struct Unattended {
    places: Arc<Semaphore>,
    all: u32,
}

/// It was not done, or not to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDone {
    /// The place is closed.
    #[error("what goes on without its caller is not taken any more")]
    Closed,
    /// The task panicked, or its runtime ended.
    #[error("what goes on without its caller broke off")]
    BrokenOff,
}

impl Unattended {
    /// Room for so much work at once.
    pub fn with_places(places: u32) -> Self {
        Self { places: Arc::new(Semaphore::new(places as usize)), all: places }
    }

    /// Does some work, which goes on if this future is dropped after it was polled. While all places
    /// are taken, the work is done as long as its caller waits.
    ///
    /// # Errors
    ///
    /// [`NotDone`]
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, NotDone> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            // A flood that takes all places must not stop a revocation or a sign-out.
            Err(TryAcquireError::NoPermits) => return Ok(work.await),
            Err(TryAcquireError::Closed) => return Err(NotDone::Closed),
        };
        let task = tokio::spawn(async move {
            let answer = work.await;
            drop(place);
            answer
        });
        task.await.map_err(|_| NotDone::BrokenOff)
    }

    /// Takes no more work, and waits until all of it is done.
    pub async fn close(&self) {
        // Whoever has all places is alone. It fails only if this was done before.
        if let Ok(all) = self.places.acquire_many(self.all).await {
            all.forget();
            self.places.close();
        }
    }
}

impl From<NotDone> for StoreError {
    fn from(cause: NotDone) -> Self {
        Self::Unavailable(Box::new(cause))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::{oneshot, watch};

    use super::*;

    #[tokio::test]
    async fn work_goes_on_without_its_caller_and_is_waited_for_at_the_end() {
        let unattended = Unattended::with_places(2);
        let (go, may_go) = oneshot::channel::<()>();
        let (tell, done) = oneshot::channel();
        let running = unattended.run(async move {
            may_go.await.unwrap();
            tell.send(()).unwrap();
        });
        assert!(running.now_or_never().is_none(), "it waits, and is dropped");
        let mut closing = std::pin::pin!(unattended.close());
        assert!((&mut closing).now_or_never().is_none());
        go.send(()).unwrap();
        closing.await;
        done.now_or_never().expect("it is done").unwrap();
        assert_eq!(unattended.run(async {}).await, Err(NotDone::Closed));
        unattended.close().await;
    }

    #[tokio::test]
    async fn more_than_there_is_room_for_is_done_while_its_caller_waits() {
        let unattended = Unattended::with_places(3);
        let (go, may_go) = watch::channel(false);
        let long = || {
            let mut may_go = may_go.clone();
            async move { may_go.wait_for(|go| *go).await.map(|_| ()).unwrap() }
        };
        for _ in 0..3 {
            assert!(unattended.run(long()).now_or_never().is_none());
        }
        assert_eq!(unattended.run(async { 1 }).await, Ok(1));
        let (tell, mut is_done) = oneshot::channel();
        let late = unattended.run(async move {
            tokio::task::yield_now().await;
            tell.send(()).unwrap();
        });
        assert!(late.now_or_never().is_none(), "it is dropped");
        go.send(true).unwrap();
        assert!(is_done.try_recv().is_err());
        unattended.close().await;
        assert_eq!(unattended.run(async {}).await, Err(NotDone::Closed));
    }
}
