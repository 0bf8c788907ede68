//! The parameters of PKCE (RFC 7636 §4.3).

use crate::endpoints::authorize::AuthorizeError;
use crate::endpoints::authorize::draft::Draft;
use crate::people::session::is_secret;

/// The only supported method. `plain` would show the verifier to anyone who can read the request.
pub(crate) const CHALLENGE_METHOD: &str = "S256";

/// `code_challenge` and `code_challenge_method`.
pub(in crate::endpoints::authorize) fn challenge(
    draft: &mut Draft<'_>,
) -> Result<(), AuthorizeError> {
    let (form, spec) = (draft.form, &draft.recipient.client.spec);
    let is_required = spec.pkce_required || spec.auth.is_public();
    let refusal = match (form.value("code_challenge"), form.value("code_challenge_method")) {
        (None, None) if !is_required => return Ok(()),
        (None, _) => "The code_challenge is missing.",
        (Some(_), method) if method != Some(CHALLENGE_METHOD) => {
            "The code_challenge_method must be S256."
        }
        // A challenge has the format of our own secrets: 32 bytes in base64url.
        (Some(challenge), _) if is_secret(challenge) => {
            draft.parsed.challenge = Some(challenge.to_owned());
            return Ok(());
        }
        (Some(_), _) => "The code_challenge is malformed.",
    };
    Err(AuthorizeError::invalid_request(refusal))
}
