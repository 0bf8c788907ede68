//! What is not spoken is refused as a whole, never half-read.

use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;

/// Request objects, by value and by reference, and clients that register on the way (OpenID Connect
/// Core §3.1.2.6).
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

/// What is pushed refers to nothing else (RFC 9126 §2.1).
pub(in crate::endpoints::authorize) fn reference_inside(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.form.value("request_uri") {
        None => Ok(()),
        Some(_) => Err(AuthorizeError::invalid_request("A request_uri cannot be pushed.")),
    }
}

/// A client that must push its requests (RFC 9126 §6) may not ask in any other way.
pub(in crate::endpoints::authorize) fn unpushed(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.door.client.spec.require_par {
        false => Ok(()),
        true => Err(AuthorizeError::invalid_request("The client must push its requests.")),
    }
}
