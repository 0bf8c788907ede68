//! Whether the first authorization servers have their signing keys.

use std::sync::Arc;

use scopegate_core::error::TokenError;
use tokio::sync::watch;

/// Whether the first authorization servers have their signing keys. The process is not ready before.
#[derive(Clone, Debug)]
pub(crate) enum FirstKeys {
    BeingMade,
    Failed(Arc<TokenError>),
    Made,
}

impl FirstKeys {
    /// Tells all who watch. After [`Made`](Self::Made) nothing else is told: a later failure concerns
    /// the keys of other servers.
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
