//! For whom the new token is (RFC 8693 §2.1): for one audience of this server.

use scopegate_claims::Audience;

use super::shown::Shown;
use crate::catalog::Resource;
use crate::error::CallError;
use crate::grants::GrantRequest;

/// The audience that the request selects, by `audience` or `resource`. If it names none, that of the
/// old token stays, and a token of another server becomes one for this server's first.
///
/// Whether all resources agree is seen where the token is made.
pub(super) fn audience(
    request: &GrantRequest<'_>,
    subject: &Shown<'_>,
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
