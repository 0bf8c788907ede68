//! Lets a test act just before the storage reads changes, as another node could.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::MemoryStore;

type ActionFuture = Pin<Box<dyn Future<Output = ()> + Send>>;
type Action = Arc<dyn Fn(MemoryStore) -> ActionFuture + Send + Sync>;

/// The action that runs before changes are read.
#[derive(Default)]
pub(super) struct Interruption(Mutex<Option<Action>>);

impl MemoryStore {
    /// From now on runs this action each time before changes of the catalog or of the keys are
    /// read.
    pub fn before_reading_changes(
        &self,
        action: impl Fn(Self) -> ActionFuture + Send + Sync + 'static,
    ) {
        let mut place = self.0.before_changes.0.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::new(action));
    }
}

impl Interruption {
    pub(super) async fn run(&self, store: &MemoryStore) {
        let action = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(action) = action {
            action(store.clone()).await;
        }
    }
}

impl fmt::Debug for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interruption(…)")
    }
}
