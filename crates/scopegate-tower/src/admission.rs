//! An admitted request, from admission to its answer.

use http::header::CACHE_CONTROL;
use http::response::Parts;
use http::{Extensions, HeaderValue, Request};
use scopegate_bearer::{Authenticated, Refusal};

use crate::meter;
use crate::token_source::Source;

/// The answer to a request with a token in its query (RFC 6750 §2.3).
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Finds the refusal of a guard in the extensions of a response, where a framework put it within a
/// type of its own.
pub(crate) type FindRefusal = fn(&Extensions) -> Option<&Refusal>;

/// A request that the layer admitted. A guard behind the layer can still refuse it.
pub(crate) struct Admission {
    with: &'static str,
    find_refusal: Option<FindRefusal>,
    /// The token was in the query, so the answer must not be stored (RFC 6750 §2.3).
    no_store: bool,
}

impl Admission {
    /// Admits a request: stores the result in its extensions, and replaces one that was there before.
    /// A token in the query is removed.
    pub(crate) fn of<B>(
        request: &mut Request<B>,
        authenticated: Authenticated,
        source: &Source,
        find_refusal: Option<FindRefusal>,
    ) -> Self {
        let with = if authenticated.token().is_some() { "token" } else { "anonymous" };
        request.extensions_mut().insert(authenticated);
        let uri = source.without_token(request.uri());
        let no_store = uri.is_some();
        if let Some(uri) = uri {
            *request.uri_mut() = uri;
        }
        Self { with, find_refusal, no_store }
    }

    /// Counts the request once it is answered. If a guard refused it, its refusal is copied into
    /// the response's extensions.
    pub(crate) fn answered(&self, head: &mut Parts) {
        if self.no_store {
            head.headers.insert(CACHE_CONTROL, NO_STORE);
        }
        let extensions = &mut head.extensions;
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
