//! What is checked of an authorization request, in this order. The first that fails is answered.

use super::AuthorizeError;
use super::check::{claims, hint, pkce, prompt, response, scope, unsupported};
use super::draft::Draft;

type Check = fn(&mut Draft<'_>) -> Result<(), AuthorizeError>;

/// Each reads its part of the request. The first ones find out how the client is told of the others.
static CHECKS: &[Check] = &[
    response::state,
    response::mode,
    response::nothing_is_repeated,
    unsupported::request_objects,
    unsupported::unpushed,
    response::response_type,
    response::grant,
    scope::scope,
    scope::resource,
    pkce::challenge,
    prompt::prompt,
    prompt::max_age,
    claims::nonce,
    claims::claims,
    hint::login_hint,
    hint::id_token_hint,
];

/// Checks a request.
pub(super) fn run(draft: &mut Draft<'_>) -> Result<(), AuthorizeError> {
    CHECKS.iter().try_for_each(|check| check(draft))
}
