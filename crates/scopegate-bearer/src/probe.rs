//! Finds out what a guard requires.

use std::sync::{Arc, Mutex, PoisonError};

use http::Extensions;

use crate::Guard;

/// A request extension that marks a request which is not from a client. Guards record themselves in
/// it and refuse.
///
/// A router inserts one at the start of a service, to find out what its handlers require.
///
/// ```
/// use http::Extensions;
/// use scopegate_bearer::{Authenticated, Guard, Probe};
///
/// let (probe, mut extensions) = (Probe::new(), Extensions::new());
/// extensions.insert(probe.clone());
/// assert!(Authenticated::find(&extensions, "Token", Guard::Token).is_err());
/// assert_eq!(probe.guards(), [Guard::Token]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Probe(Arc<Mutex<Vec<Guard>>>);

impl Probe {
    /// A probe without records.
    pub fn new() -> Self {
        Self::default()
    }

    /// The guards that were recorded.
    pub fn guards(&self) -> Vec<Guard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records a guard in the probe of a request, and returns whether the request has one.
    pub fn record(extensions: &Extensions, guard: Guard) -> bool {
        let Some(Self(guards)) = extensions.get() else { return false };
        guards.lock().unwrap_or_else(PoisonError::into_inner).push(guard);
        true
    }
}
