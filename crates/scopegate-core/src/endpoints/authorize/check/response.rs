//! What answer is asked for, and how it shall come.

use crate::endpoints::authorize::draft::Draft;
use crate::endpoints::authorize::{AuthorizeError, MAX_STATE, ResponseMode};
use crate::grants::authorization_code::GRANT_TYPE;

/// What goes back to the client unchanged (RFC 6749 §4.1.1).
pub(in crate::endpoints::authorize) fn state(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
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

/// How the answer travels, whatever else is wrong. What is no mode is refused later; until then, and
/// without one, it is the query.
pub(in crate::endpoints::authorize) fn mode(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    draft.asked.mode = known_mode(draft).unwrap_or_default();
    Ok(())
}

/// That it is a mode.
pub(in crate::endpoints::authorize) fn mode_is_known(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match (draft.form.value("response_mode"), known_mode(draft)) {
        (Some(_), None) => {
            Err(AuthorizeError::invalid_request("The response_mode is not supported."))
        }
        (_, _) => Ok(()),
    }
}

/// The mode that is asked for; two are none.
fn known_mode(draft: &Draft<'_>) -> Option<ResponseMode> {
    let asked = draft.form.value("response_mode")?;
    let is_it = |(name, _): &(&str, ResponseMode)| *name == asked;
    let known = ResponseMode::ALL.into_iter().find(is_it).map(|(_, mode)| mode);
    known.filter(|_| !draft.repeated.contains("response_mode"))
}

/// RFC 6749 §3.1: no parameter occurs twice.
pub(in crate::endpoints::authorize) fn nothing_is_repeated(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    if draft.repeated.is_empty() { Ok(()) } else { Err(AuthorizeError::Repeated) }
}

/// Only codes are issued: no token travels through a browser (RFC 9700 §2.1.2).
pub(in crate::endpoints::authorize) fn response_type(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.form.value("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(AuthorizeError::UnsupportedResponseType),
        None => Err(AuthorizeError::invalid_request("The parameter response_type is missing.")),
    }
}

/// The client must be able to redeem a code.
pub(in crate::endpoints::authorize) fn grant(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    match draft.door.client.spec.grant_types.contains(GRANT_TYPE) {
        true => Ok(()),
        false => Err(AuthorizeError::UnauthorizedClient),
    }
}
