//! Asks an extractor what it would ask of a request.

use std::sync::{Arc, Mutex};

use http::Extensions;

use crate::guard::Guard;

/// Marks a request that is none: guards write into it what they ask for, and let nothing in.
///
/// Only the router of this crate makes one, at the start of a service.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Mutex<Vec<Guard>>>);

impl Probe {
    /// What the guards wrote.
    #[cfg(feature = "routes")]
    pub(crate) fn said(&self) -> Vec<Guard> {
        self.0.lock().map(|said| said.clone()).unwrap_or_default()
    }
}

/// Answers a probe, if there is one.
pub(crate) fn answer(extensions: &Extensions, guard: Guard) -> bool {
    let Some(Probe(said)) = extensions.get() else { return false };
    if let Ok(mut said) = said.lock() {
        said.push(guard);
    }
    true
}
