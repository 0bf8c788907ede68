//! Refuses parameters that are not supported or not allowed here. Ignoring them would change the meaning of
//! the request.

use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;

/// `request`, `request_uri` and `registration` (OpenID Connect Core §3.1.2.6).
pub(in crate::endpoints::authorize) fn request_objects(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let has = |name| draft.form.value(name).is_some();
    match () {
        () if has("request") => Err(AuthorizeError::RequestNotSupported),
        () if has("request_uri") => Err(AuthorizeError::RequestUriNotSupported),
        () if has("registration") => Err(AuthorizeError::RegistrationNotSupported),
        () => Ok(()),
    }
}

/// A pushed request must not contain a `request_uri` (RFC 9126 §2.1).
pub(in crate::endpoints::authorize) fn reference_inside(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.form.value("request_uri") {
        None => Ok(()),
        Some(_) => Err(AuthorizeError::invalid_request("A request_uri cannot be pushed.")),
    }
}

/// A client with `require_par` must push its requests (RFC 9126 §6).
pub(in crate::endpoints::authorize) fn unpushed(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.recipient.client.spec.require_par {
        false => Ok(()),
        true => Err(AuthorizeError::invalid_request("The client must push its requests.")),
    }
}
