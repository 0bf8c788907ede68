//! What is checked of an authorization request, in this order. The first that fails is answered.

use super::AuthorizeError;
use super::check::{claims, hint, pkce, prompt, response, scope, unsupported};
use super::draft::Draft;

/// How a request comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum At {
    /// A browser brings all of it.
    Direct,
    /// A browser brings the reference to what was pushed.
    Pushed,
    /// Its client pushes it (RFC 9126 §2.1).
    Pushing,
}

const ALWAYS: &[At] = &[At::Direct, At::Pushed, At::Pushing];

type Check = fn(&mut Draft<'_>) -> Result<(), AuthorizeError>;

/// Each reads its part of the request. The first ones find out how the client is told of the others.
static CHECKS: &[(&[At], Check)] = &[
    (ALWAYS, response::mode),
    (ALWAYS, response::state),
    (ALWAYS, response::nothing_is_repeated),
    (ALWAYS, response::mode_is_known),
    (&[At::Pushing], unsupported::reference_inside),
    (ALWAYS, unsupported::request_objects),
    (&[At::Direct], unsupported::unpushed),
    (ALWAYS, response::response_type),
    (ALWAYS, response::grant),
    (ALWAYS, scope::scope),
    (ALWAYS, scope::resource),
    (ALWAYS, pkce::challenge),
    (ALWAYS, prompt::prompt),
    (ALWAYS, prompt::max_age),
    (ALWAYS, claims::nonce),
    (ALWAYS, claims::claims),
    (ALWAYS, hint::login_hint),
    (ALWAYS, hint::id_token_hint),
];

/// Checks a request.
pub(super) fn run(draft: &mut Draft<'_>, at: At) -> Result<(), AuthorizeError> {
    let mut checks = CHECKS.iter().filter(|(where_to, _)| where_to.contains(&at));
    checks.try_for_each(|(_, check)| check(draft))
}
