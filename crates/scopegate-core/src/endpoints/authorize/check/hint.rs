//! Hints about the user whom the client expects.

use std::collections::BTreeSet;

use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::token::id_token_hint::IdTokenHint;

/// The longest `login_hint`, in bytes.
const MAX_LOGIN_HINT: usize = 256;

/// `login_hint`: the sign-in page fills it in as the login.
pub(in crate::endpoints::authorize) fn login_hint(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    match draft.form.value("login_hint").is_some_and(|hint| hint.len() > MAX_LOGIN_HINT) {
        false => Ok(()),
        true => Err(AuthorizeError::invalid_request("The login_hint is too long.")),
    }
}

/// `id_token_hint`: an earlier ID token. Only its user is accepted.
pub(in crate::endpoints::authorize) fn id_token_hint(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let Some(text) = draft.form.value("id_token_hint") else { return Ok(()) };
    let hint = read(draft, text).ok_or(AuthorizeError::invalid_request(
        "The id_token_hint is no ID token of the client's.",
    ))?;
    let expected = BTreeSet::from([hint.sub]);
    // If the `claims` parameter accepts only other users, no user is accepted: no user has an empty id.
    draft.parsed.subjects = match draft.parsed.subjects.is_empty() {
        true => expected,
        false if draft.parsed.subjects.is_superset(&expected) => expected,
        false => BTreeSet::from([String::new()]),
    };
    Ok(())
}

/// Reads an ID token that this server issued to this client. It may have expired.
fn read(draft: &Draft<'_>, text: &str) -> Option<IdTokenHint> {
    let hint = IdTokenHint::read(text, draft.server, draft.keys.as_deref()?).ok()?;
    (hint.aud == draft.recipient.client.id.as_str()).then_some(hint)
}
