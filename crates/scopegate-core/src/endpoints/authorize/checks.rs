//! The checks of an authorization request, in order. The first one that fails is the answer.

use super::AuthorizeError;
use super::check::{claims, hint, pkce, prompt, response, scope, unsupported};
use super::draft::Draft;

/// Where the parameters of a request come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// A browser sends all parameters.
    Direct,
    /// A browser sends the reference to a pushed request.
    Pushed,
    /// The client pushes the request (RFC 9126 §2.1).
    Pushing,
}

const ALWAYS: &[Source] = &[Source::Direct, Source::Pushed, Source::Pushing];

type Check = fn(&mut Draft<'_>) -> Result<(), AuthorizeError>;

/// Each check reads its parameters into the draft. The first ones read the response mode and the state, which
/// the error responses of the later ones need.
static CHECKS: &[(&[Source], Check)] = &[
    (ALWAYS, response::mode),
    (ALWAYS, response::state),
    (ALWAYS, response::nothing_is_repeated),
    (ALWAYS, response::mode_is_known),
    (&[Source::Pushing], unsupported::reference_inside),
    (ALWAYS, unsupported::request_objects),
    (&[Source::Direct], unsupported::unpushed),
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

/// Runs all checks for requests from this source.
pub(super) fn run(draft: &mut Draft<'_>, source: Source) -> Result<(), AuthorizeError> {
    let mut checks = CHECKS.iter().filter(|(sources, _)| sources.contains(&source));
    checks.try_for_each(|(_, check)| check(draft))
}
