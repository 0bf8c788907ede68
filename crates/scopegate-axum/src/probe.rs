//! Asks an extractor what it would ask of a request.

use std::sync::{Arc, Mutex};

use http::Extensions;

use crate::guard::Guard;

/// Marks a request that is none: guards write what they ask for into it, and let nothing in.
///
/// Only a router of this crate makes one.
#[derive(Clone, Default)]
pub(crate) struct Probe(Arc<Mutex<Vec<Guard>>>);

/// Answers a probe, if there is one.
pub(crate) fn answer(extensions: &Extensions, guard: Guard) -> bool {
    let Some(Probe(answers)) = extensions.get() else { return false };
    if let Ok(mut answers) = answers.lock() {
        answers.push(guard);
    }
    true
}
