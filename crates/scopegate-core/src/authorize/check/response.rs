//! What answer is asked for, and how it shall come.

use crate::authorize::draft::Draft;
use crate::authorize::{AuthorizeError, ResponseMode};
use crate::grants::authorization_code::GRANT_TYPE;

/// The longest `state`, in bytes.
const MAX_STATE: usize = 1024;

/// What goes back to the client unchanged (RFC 6749 §4.1.1).
pub(in crate::authorize) fn state(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    if draft.repeated.contains("state") {
        return Err(AuthorizeError::Repeated);
    }
    let state = draft.form.value("state");
    if state.is_some_and(|state| state.len() > MAX_STATE) {
        return Err(AuthorizeError::invalid_request("The state is too long."));
    }
    draft.asked.state = state.map(str::to_owned);
    Ok(())
}

/// How the answer travels. Until it is known, it travels in the query.
pub(in crate::authorize) fn mode(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    if draft.repeated.contains("response_mode") {
        return Err(AuthorizeError::Repeated);
    }
    let Some(asked) = draft.form.value("response_mode") else { return Ok(()) };
    let known = ResponseMode::ALL.into_iter().find(|(name, _)| *name == asked);
    let (_, mode) =
        known.ok_or(AuthorizeError::invalid_request("The response_mode is not supported."))?;
    draft.asked.mode = mode;
    Ok(())
}

/// RFC 6749 §3.1: no parameter occurs twice.
pub(in crate::authorize) fn nothing_is_repeated(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    if draft.repeated.is_empty() { Ok(()) } else { Err(AuthorizeError::Repeated) }
}

/// Only codes are issued: no token travels through a browser (RFC 9700 §2.1.2).
pub(in crate::authorize) fn response_type(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    match draft.form.value("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(AuthorizeError::UnsupportedResponseType),
        None => Err(AuthorizeError::invalid_request("The parameter response_type is missing.")),
    }
}

/// The client must be able to redeem a code.
pub(in crate::authorize) fn grant(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    match draft.door.client.spec.grant_types.contains(GRANT_TYPE) {
        true => Ok(()),
        false => Err(AuthorizeError::UnauthorizedClient),
    }
}
