//! Records whose request it is on the current span.

use scopegate_jose::Verified;
use tracing::Span;
use tracing::field::display;

/// Records the subject, the client and the scopes of a token. Fields that the span does not declare
/// are ignored.
pub(crate) fn record(token: &Verified) {
    let (span, claims) = (Span::current(), token.claims());
    if let Some(subject) = claims.subject() {
        span.record("sub", subject);
    }
    if let Some(client) = claims.client_id() {
        span.record("client_id", client);
    }
    span.record("scope", display(claims.scopes()));
}
