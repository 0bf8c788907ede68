//! What the token shall be for.

use crate::call::selected;
use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::error::CallError;
use crate::policy::Wanted;

/// The scopes, all of which the server must have. What the person gets of them is decided later.
pub(in crate::endpoints::authorize) fn scope(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    draft.asked.wanted =
        Wanted::of_user(draft.server, draft.form.value("scope")).map_err(CallError::from)?;
    Ok(())
}

/// The resources, which must select one audience (RFC 8707 §2).
pub(in crate::endpoints::authorize) fn resource(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let audience = selected(draft.server, draft.form, None)?;
    draft.asked.select(audience);
    Ok(())
}
