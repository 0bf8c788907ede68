//! Work that continues after its caller disconnects.
//!
//! An HTTP server drops the future of a request when the client disconnects. That is right for a
//! grant, which nobody would receive. It is wrong for a revocation or a sign-out, which must still
//! happen.

use std::sync::Arc;

use tokio::sync::{Semaphore, TryAcquireError};

use crate::store::StoreError;

/// Runs work in tasks of their own, up to a maximum number at a time. Clones share the maximum.
#[derive(Clone, Debug)]
pub struct Unattended {
    places: Arc<Semaphore>,
    all: u32,
}

/// The work was not done, or not finished.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDone {
    /// [`Unattended::close`] was called before.
    #[error("the server stops and accepts no more work")]
    Closed,
    /// The task panicked, or its runtime ended.
    #[error("the task that did the work broke off")]
    BrokenOff,
}

impl Unattended {
    /// Room for this many tasks at a time.
    pub fn with_places(places: u32) -> Self {
        Self { places: Arc::new(Semaphore::new(places as usize)), all: places }
    }

    /// Does work that continues if this future is dropped after it was polled. While the maximum
    /// number of tasks is running, the work is done in this future, and stops if it is dropped.
    ///
    /// # Errors
    ///
    /// [`NotDone`] if this is closed, or the task broke off.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, NotDone> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            // Many requests at a time must not make a revocation or a sign-out fail.
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

    /// Refuses new work, and waits until all tasks are finished.
    pub async fn close(&self) {
        // With all permits no task is running. This fails only if it is closed already.
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
    async fn work_continues_without_its_caller_and_close_waits_for_it() {
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
    async fn without_room_work_is_done_only_while_its_caller_waits() {
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
