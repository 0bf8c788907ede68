//! An admitted request, from admission to its answer.

use http::{Extensions, Request};
use scopegate_bearer::{Authenticated, Refusal};

use crate::meter;

/// Finds the refusal of a guard in the extensions of a response, where a framework put it within a
/// type of its own.
pub(crate) type FindRefusal = fn(&Extensions) -> Option<&Refusal>;

/// A request that the layer admitted. A guard behind the layer can still refuse it.
pub(crate) struct Admission {
    with: &'static str,
    find_refusal: Option<FindRefusal>,
}

impl Admission {
    /// Admits a request: stores the result in its extensions, and replaces one that was there before.
    pub(crate) fn of<B>(
        request: &mut Request<B>,
        authenticated: Authenticated,
        find_refusal: Option<FindRefusal>,
    ) -> Self {
        let with = if authenticated.token().is_some() { "token" } else { "anonymous" };
        request.extensions_mut().insert(authenticated);
        Self { with, find_refusal }
    }

    /// Counts the request once it is answered. If a guard refused it, its refusal is copied into
    /// the response's extensions.
    pub(crate) fn answered(&self, extensions: &mut Extensions) {
        if let Some(refusal) = self.find_refusal.and_then(|find| find(extensions)) {
            extensions.insert(refusal.clone());
        }
        if cfg!(feature = "metrics") {
            match extensions.get::<Refusal>() {
                Some(refusal) => meter::request("refused", refusal.reason()),
                None => self.failed(),
            }
        }
    }

    /// Counts a request whose service returned an error instead of an answer.
    pub(crate) fn failed(&self) {
        meter::request("admitted", self.with);
    }
}
