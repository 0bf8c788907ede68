//! Whom the client expects.

use std::collections::BTreeSet;

use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::token::id_token_hint::IdTokenHint;

/// The longest `login_hint`, in bytes.
const MAX_LOGIN_HINT: usize = 256;

/// The name that the sign-in page shows already.
pub(in crate::endpoints::authorize) fn login_hint(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.form.value("login_hint").is_some_and(|hint| hint.len() > MAX_LOGIN_HINT) {
        false => Ok(()),
        true => Err(AuthorizeError::invalid_request("The login_hint is too long.")),
    }
}

/// The person of an earlier ID token: nobody else will do.
pub(in crate::endpoints::authorize) fn id_token_hint(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let Some(text) = draft.form.value("id_token_hint") else { return Ok(()) };
    let hint = read(draft, text).ok_or(AuthorizeError::invalid_request(
        "The id_token_hint is no ID token of the client's.",
    ))?;
    let expected = BTreeSet::from([hint.sub]);
    // Where the claims name somebody else, too, nobody will do.
    draft.asked.subjects = match draft.asked.subjects.is_empty() {
        true => expected,
        false if draft.asked.subjects.is_superset(&expected) => expected,
        false => BTreeSet::from([String::new()]),
    };
    Ok(())
}

/// An ID token that this client got here before; it may have expired.
fn read(draft: &Draft<'_>, text: &str) -> Option<IdTokenHint> {
    let hint = IdTokenHint::read(text, draft.server, draft.keys.as_deref()?).ok()?;
    (hint.aud == draft.door.client.id.as_str()).then_some(hint)
}
