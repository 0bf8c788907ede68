//! What the log says about a refusal.

use std::fmt;

use tracing::Level;

use scopegate_claims::Claims;

use super::{Refusal, RefusalCause};
use crate::RequestHead;

/// Whether refusals are logged in this process at the moment.
pub(crate) fn is_logged() -> bool {
    tracing::event_enabled!(Level::DEBUG)
}

/// Logs a refusal as one event.
pub(super) fn write(refusal: &Refusal) {
    if !is_logged() {
        return;
    }
    let (reason, status) = (refusal.reason(), refusal.status().as_u16());
    let claims = refusal.token.as_ref().map(|token| token.claims());
    let subject = claims.and_then(|claims| claims.subject());
    let client = claims.and_then(|claims| claims.client_id());
    let issuer = claims.map(Claims::issuer);
    let method = refusal.head().map(|head| head.method().as_str());
    let path = refusal.head().map(RequestHead::path_for_log);
    let detail = Detail(&refusal.cause);
    tracing::debug!(
        reason, status, %detail, subject, client, issuer, method, path,
        "refused a request: {reason}"
    );
}

/// What was wanted or what was wrong, for the log only.
struct Detail<'a>(&'a RefusalCause);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RefusalCause::NoToken => f.write_str("an access token is needed"),
            RefusalCause::InvalidRequest(how) => f.write_str(how),
            RefusalCause::InvalidToken(error) => match error.details() {
                Some(details) => write!(f, "{error}: {details}"),
                None => error.fmt(f),
            },
            RefusalCause::InsufficientScope { needed } => write!(f, "scope {needed} is needed"),
            RefusalCause::InsufficientAuthentication { acr_values, max_age } => {
                f.write_str("a sign-in is needed")?;
                if !acr_values.is_empty() {
                    write!(f, " by {}", acr_values.join(" or "))?;
                }
                match max_age {
                    Some(age) => write!(f, " within {} s", age.as_secs()),
                    None => Ok(()),
                }
            }
            RefusalCause::MissingClaim { claim } => write!(f, "the claim {claim} is needed"),
            RefusalCause::RuleNotMet { rule } => write!(f, "{rule} is needed"),
            RefusalCause::CrossOrigin => f.write_str("the cookie was sent by another origin"),
            RefusalCause::GuardFailed { guard, how } => write!(f, "the guard {guard} {how}"),
            RefusalCause::KeysUnavailable { .. } => f.write_str("the issuer's keys are needed"),
            RefusalCause::Misconfigured(problem) => f.write_str(problem),
        }
    }
}
