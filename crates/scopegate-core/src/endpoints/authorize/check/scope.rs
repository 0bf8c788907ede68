//! The scopes and the audience of the access token.

use crate::call::selected;
use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::error::CallError;
use crate::policy::Wanted;

/// `scope`: the server must have all named scopes. The policies decide later which of them are granted.
pub(in crate::endpoints::authorize) fn scope(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    draft.parsed.wanted =
        Wanted::of_user(draft.server, draft.form.value("scope")).map_err(CallError::from)?;
    Ok(())
}

/// `resource`: all values must select the same audience (RFC 8707 §2).
pub(in crate::endpoints::authorize) fn resource(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let audience = selected(draft.server, draft.form, None)?;
    draft.parsed.select(audience);
    Ok(())
}
