//! Whether the first authorization servers have their signing keys.

use std::sync::Arc;

use scopegate_core::error::CallError;
use tokio::sync::watch;

/// Whether the first authorization servers have their signing keys. Until then the process is not
/// ready.
#[derive(Clone, Debug)]
pub(crate) enum FirstKeys {
    BeingMade,
    Failed(Arc<CallError>),
    Made,
}

impl FirstKeys {
    /// Publishes this state. [`Made`](Self::Made) is final: a later failure is about keys of other
    /// servers.
    pub(crate) fn tell(self, listeners: &watch::Sender<Self>) {
        listeners.send_if_modified(|now| match now {
            Self::Made => false,
            Self::BeingMade | Self::Failed(_) => {
                *now = self;
                true
            }
        });
    }
}
