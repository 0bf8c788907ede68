//! The metrics of the layer, under names that stay.
//!
//! With the feature `metrics` they go to the recorder that the program installed; without it these
//! functions are empty. The table in the crate's documentation says what they mean.

use std::time::Duration;

use http::Extensions;
use scopegate_jose::{Authenticated, Refusal};

/// A request was let in or refused.
pub(crate) fn request(outcome: &'static str, reason: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("scopegate_bearer_requests_total", "outcome" => outcome, "reason" => reason)
        .increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (outcome, reason);
}

/// A request that was let in with this was answered; perhaps by a guard that refused it after all.
pub(crate) fn answered(with: &'static str, extensions: Option<&Extensions>) {
    if cfg!(feature = "metrics") {
        match extensions.and_then(Extensions::get::<Refusal>) {
            Some(refusal) => request("refused", refusal.reason()),
            None => request("admitted", with),
        }
    }
}

/// What a request was let in with.
pub(crate) fn kind(authenticated: &Authenticated) -> &'static str {
    match authenticated.token() {
        Some(_) => "token",
        None => "anonymous",
    }
}

/// The keys of an issuer were asked for.
pub(crate) fn refreshed(issuer: &str, outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!(
        "scopegate_jwks_refreshes_total",
        "issuer" => issuer.to_owned(),
        "outcome" => outcome
    )
    .increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (issuer, outcome);
}

/// How long ago an issuer confirmed its keys.
pub(crate) fn key_age(issuer: &str, age: Duration) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("scopegate_jwks_age_seconds", "issuer" => issuer.to_owned())
        .set(age.as_secs_f64());
    #[cfg(not(feature = "metrics"))]
    let _ = (issuer, age);
}

/// A token was looked for among those verified before: `hit` or `miss`.
pub(crate) fn cache(result: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("scopegate_bearer_cache_total", "result" => result).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = result;
}
