//! Asks an extractor which guard it applies.

use std::sync::{Arc, Mutex};

use http::Extensions;

use crate::guard::Guard;

/// Marks a request that is not from a client. Guards record themselves in it and refuse.
///
/// Only the router of this crate creates one, at the start of a service.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Mutex<Vec<Guard>>>);

impl Probe {
    /// The guards that were recorded.
    #[cfg(feature = "routes")]
    pub(crate) fn guards(&self) -> Vec<Guard> {
        self.0.lock().map(|guards| guards.clone()).unwrap_or_default()
    }
}

/// Records a guard in the probe, if the request has one.
pub(crate) fn record(extensions: &Extensions, guard: Guard) -> bool {
    let Some(Probe(guards)) = extensions.get() else { return false };
    if let Ok(mut guards) = guards.lock() {
        guards.push(guard);
    }
    true
}
