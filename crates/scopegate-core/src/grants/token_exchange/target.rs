//! The audience of the new token: one audience of this server (RFC 8693 §2.1).

use scopegate_claims::Audience;

use super::input::InputToken;
use crate::catalog::Resource;
use crate::error::CallError;
use crate::grants::GrantRequest;

/// The audience that the request selects with `audience` or `resource`. If it names neither, the new token
/// keeps the audience of the old one. If the old token is of another server, the new one gets this server's
/// first audience.
///
/// The token endpoint checks later that all `resource` parameters select the same audience.
pub(super) fn audience(
    request: &GrantRequest<'_>,
    subject: &InputToken<'_>,
) -> Result<Audience, CallError> {
    let GrantRequest { server, form, .. } = *request;
    let named = form.value("audience").or_else(|| form.values("resource").next());
    let kept = subject.audience.as_ref().filter(|_| subject.server.id == server.id);
    let selected = match (named, kept) {
        (None, Some(kept)) => Some(kept),
        (named, _) => server.audience(named.map(Resource::new).as_ref()),
    };
    selected.cloned().ok_or(CallError::InvalidTarget)
}
