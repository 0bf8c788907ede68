//! Whether a session meets the requirements of a request (OpenID Connect Core §3.1.2.3).

use scopegate_claims::UnixTime;

use super::draft::{Draft, Prompt};
use crate::directory::User;
use crate::store::Session;

/// Whether a session meets the requirements of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Freshness {
    /// The session meets them.
    Fresh,
    /// The user must sign in.
    Stale,
    /// The user has signed in for this request but is not one whom the client accepts.
    AnotherUser,
}

/// Compares a session with the requirements of a request. A sign-in that was made for this request satisfies
/// `prompt` and `max_age`.
pub(super) fn of(
    draft: &Draft<'_>,
    session: &Session,
    user: &User,
    signed_in: Option<UnixTime>,
) -> Freshness {
    let parsed = &draft.parsed;
    let is_for_request = signed_in.is_some_and(|at| session.auth.at >= at);
    let is_accepted = parsed.subjects.is_empty() || parsed.subjects.contains(user.id.as_str());
    if is_for_request {
        return if is_accepted { Freshness::Fresh } else { Freshness::AnotherUser };
    }
    let age = draft.now.since(session.auth.at).as_secs();
    let is_old = parsed.max_age.is_some_and(|max_age| max_age == 0 || age > max_age);
    let must_sign_in =
        [Prompt::Login, Prompt::SelectAccount].iter().any(|word| parsed.prompt.contains(word));
    match is_accepted && !is_old && !must_sign_in {
        true => Freshness::Fresh,
        false => Freshness::Stale,
    }
}
