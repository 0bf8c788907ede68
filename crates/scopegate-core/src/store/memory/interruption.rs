//! What somebody else does while a storage is read.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use super::MemoryStore;

type Happening = Pin<Box<dyn Future<Output = ()> + Send>>;
type Happen = Arc<dyn Fn(MemoryStore) -> Happening + Send + Sync>;

/// What happens just before something is read.
#[derive(Default)]
pub(super) struct Interruption(Mutex<Option<Happen>>);

impl MemoryStore {
    /// From now on this happens whenever changes of the catalog or of the keys are to be read, just
    /// before.
    pub fn before_reading_changes(
        &self,
        happens: impl Fn(Self) -> Happening + Send + Sync + 'static,
    ) {
        let mut place = self.0.before_changes.0.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::new(happens));
    }
}

impl Interruption {
    pub(super) async fn happen(&self, to: &MemoryStore) {
        let happens = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(happens) = happens {
            happens(to.clone()).await;
        }
    }
}

impl fmt::Debug for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interruption(…)")
    }
}
