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

impl Refusal {
    /// Logs the refusal at debug, once.
    ///
    /// [`into_http`](Self::into_http) and [`into_grpc`](Self::into_grpc) call it. Call it yourself
    /// if no answer is written, such as for a message of a WebSocket or of a queue.
    ///
    /// The event has no part of the token. Subject, client and issuer are those of a verified token.
    /// The path has at most 256 characters, and control characters are escaped.
    ///
    /// ```
    /// use scopegate_bearer::{Authenticated, role};
    ///
    /// fn on_message(authenticated: &Authenticated) -> bool {
    ///     match authenticated.allow(role("dispatcher")) {
    ///         Ok(_) => true,
    ///         Err(mut refusal) => {
    ///             refusal.log();
    ///             false
    ///         }
    ///     }
    /// }
    /// ```
    pub fn log(&mut self) {
        if std::mem::replace(&mut self.logged, true) || !is_logged() {
            return;
        }
        let (reason, status) = (self.reason(), self.status().as_u16());
        let claims = self.token.as_ref().map(|token| token.claims());
        let subject = claims.and_then(|claims| claims.subject());
        let client = claims.and_then(|claims| claims.client_id());
        let issuer = claims.map(Claims::issuer);
        let method = self.head().map(|head| head.method().as_str());
        let path = self.head().map(RequestHead::path_for_log);
        let detail = Detail(&self.cause);
        tracing::debug!(
            reason, status, %detail, subject, client, issuer, method, path,
            "refused a request: {reason}"
        );
    }
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
