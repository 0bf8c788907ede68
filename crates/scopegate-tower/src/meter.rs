//! The metrics of the layer. Their names are stable.
//!
//! With the feature `metrics` they go to the recorder that the program installed; without it these
//! functions are empty. The crate's documentation has a table of their meaning.

use std::time::Duration;

/// Counts a request that was admitted or refused.
pub(crate) fn request(outcome: &'static str, reason: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("scopegate_bearer_requests_total", "outcome" => outcome, "reason" => reason)
        .increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (outcome, reason);
}

/// Counts a refresh of an issuer's keys.
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

/// Sets how long ago an issuer confirmed its keys.
pub(crate) fn key_age(issuer: &str, age: Duration) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("scopegate_jwks_age_seconds", "issuer" => issuer.to_owned())
        .set(age.as_secs_f64());
    #[cfg(not(feature = "metrics"))]
    let _ = (issuer, age);
}

/// Counts a lookup in the cache of verified tokens: `hit` or `miss`.
pub(crate) fn cache(result: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("scopegate_bearer_cache_total", "result" => result).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = result;
}
