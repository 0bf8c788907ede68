//! The authorization server that a request names, and the audience that it selects.

use std::sync::Arc;

use scopegate_claims::Audience;

use crate::catalog::{AuthorizationServer, Resource, ServerId, Snapshot};
use crate::error::CallError;
use crate::form::Form;

/// The active server with this id.
pub(crate) fn active_server<'a>(
    catalog: &'a Snapshot,
    id: &ServerId,
) -> Result<&'a Arc<AuthorizationServer>, CallError> {
    let server = catalog.server(id)?;
    server.filter(|server| server.spec.status.is_active()).ok_or(CallError::UnknownServer)
}

/// The one audience that all `resource` parameters of the request select (RFC 8707 §2).
///
/// If an earlier step already chose an audience, that one is used. It is an error if the server no longer
/// has it, or if a `resource` selects another one.
pub(crate) fn selected<'a>(
    server: &'a AuthorizationServer,
    form: &Form,
    chosen: Option<&Audience>,
) -> Result<&'a Audience, CallError> {
    let mut resources = form.values("resource").map(Resource::new);
    let first = match (resources.next(), chosen) {
        (None, Some(chosen)) => {
            let mut all = server.spec.audiences.iter().map(|audience| &audience.name);
            all.find(|known| *known == chosen)
        }
        (resource, _) => server.audience(resource.as_ref()),
    };
    let first = first.filter(|first| chosen.is_none_or(|chosen| chosen == *first));
    let first = first.ok_or(CallError::InvalidTarget)?;
    let all_agree = resources.all(|resource| server.audience(Some(&resource)) == Some(first));
    if all_agree { Ok(first) } else { Err(CallError::InvalidTarget) }
}
