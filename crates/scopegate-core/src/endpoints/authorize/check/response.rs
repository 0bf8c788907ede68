//! The parameters of the response: its type, its mode and `state`.

use crate::endpoints::authorize::draft::Draft;
use crate::endpoints::authorize::{AuthorizeError, MAX_STATE, ResponseMode};
use crate::grants::authorization_code::GRANT_TYPE;

/// `state`: it is returned to the client unchanged (RFC 6749 §4.1.1).
pub(in crate::endpoints::authorize) fn state(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    if draft.repeated.contains("state") {
        return Err(AuthorizeError::Repeated);
    }
    let state = draft.form.value("state");
    if state.is_some_and(|state| state.len() > MAX_STATE) {
        return Err(AuthorizeError::invalid_request("The state is too long."));
    }
    draft.parsed.state = state.map(str::to_owned);
    Ok(())
}

/// `response_mode`: how the response is sent, including error responses. The default is `query`. An unknown
/// mode also counts as `query` here, because its refusal must reach the client. [`mode_is_known`] refuses it.
pub(in crate::endpoints::authorize) fn mode(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    draft.parsed.mode = known_mode(draft).unwrap_or_default();
    Ok(())
}

/// Refuses an unknown `response_mode`.
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

/// The requested mode. `None` if it is unknown or repeated.
fn known_mode(draft: &Draft<'_>) -> Option<ResponseMode> {
    let requested = draft.form.value("response_mode")?;
    let is_requested = |(name, _): &(&str, ResponseMode)| *name == requested;
    let known = ResponseMode::ALL.into_iter().find(is_requested).map(|(_, mode)| mode);
    known.filter(|_| !draft.repeated.contains("response_mode"))
}

/// Refuses repeated parameters (RFC 6749 §3.1).
pub(in crate::endpoints::authorize) fn nothing_is_repeated(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    if draft.repeated.is_empty() { Ok(()) } else { Err(AuthorizeError::Repeated) }
}

/// `response_type`: only `code`, so that no token passes through the browser (RFC 9700 §2.1.2).
pub(in crate::endpoints::authorize) fn response_type(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.form.value("response_type") {
        Some("code") => Ok(()),
        Some(_) => Err(AuthorizeError::UnsupportedResponseType),
        None => Err(AuthorizeError::invalid_request("The parameter response_type is missing.")),
    }
}

/// The client must list the grant that redeems the code.
pub(in crate::endpoints::authorize) fn grant(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    match draft.recipient.client.spec.grant_types.contains(GRANT_TYPE) {
        true => Ok(()),
        false => Err(AuthorizeError::UnauthorizedClient),
    }
}
