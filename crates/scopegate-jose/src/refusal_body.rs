//! The body of a refusal.

use std::fmt;

use scopegate_claims::{BearerError, ScopeSet};
use serde::Serialize;

use crate::Refusal;

/// Writes the body of a refusal. Status and headers are written elsewhere.
///
/// ```
/// use scopegate_jose::{ChallengeSettings, ProblemJson, Refusal, RefusalBody, RefusalCause};
/// use std::sync::Arc;
///
/// #[derive(Debug)]
/// struct Terse;
///
/// impl RefusalBody for Terse {
///     fn content_type(&self) -> &str {
///         "text/plain; charset=utf-8"
///     }
///
///     fn body(&self, refusal: &Refusal) -> Vec<u8> {
///         refusal.description().into()
///     }
/// }
///
/// let refusal = Refusal::new(RefusalCause::NoToken);
/// assert_eq!(refusal.renderer().content_type(), "application/problem+json");
/// let refusal = refusal.with_settings(Arc::new(ChallengeSettings::new().with_body(Terse)));
/// assert_eq!(refusal.renderer().body(&refusal), b"This request needs an access token");
/// ```
pub trait RefusalBody: fmt::Debug + Send + Sync + 'static {
    /// The value of `Content-Type`.
    fn content_type(&self) -> &str;

    /// The body.
    fn body(&self, refusal: &Refusal) -> Vec<u8>;
}

/// Problem documents (RFC 9457) with the additional OAuth members `error` and `scope`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProblemJson;

impl RefusalBody for ProblemJson {
    fn content_type(&self) -> &str {
        "application/problem+json"
    }

    fn body(&self, refusal: &Refusal) -> Vec<u8> {
        #[derive(Serialize)]
        struct Problem<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            scope: Option<&'a str>,
        }

        let problem = Problem {
            r#type: "about:blank",
            title: refusal.cause().terms().status.phrase(),
            status: refusal.status(),
            detail: refusal.description(),
            error: refusal.error().map(BearerError::as_str),
            scope: refusal.needed().map(ScopeSet::as_str),
        };
        serde_json::to_vec(&problem).expect("strings and a number can be written as JSON")
    }
}
