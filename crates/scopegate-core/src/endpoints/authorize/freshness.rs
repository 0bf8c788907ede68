//! Whether a session will do for a request (OpenID Connect Core §3.1.2.3).

use scopegate_claims::UnixTime;

use super::draft::{Draft, Prompt};
use crate::directory::User;
use crate::store::Session;

/// What is to be made of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Freshness {
    /// It will do.
    Fresh,
    /// The person must sign in.
    Stale,
    /// The person has signed in, and is not the one whom the client expects.
    SomebodyElse,
}

/// Judges a session. A sign-in for this very request answers each wish for one.
pub(super) fn of(
    draft: &Draft<'_>,
    session: &Session,
    user: &User,
    signed_in: Option<UnixTime>,
) -> Freshness {
    let asked = &draft.asked;
    let is_of_request = signed_in.is_some_and(|at| session.auth.at >= at);
    let is_expected = asked.subjects.is_empty() || asked.subjects.contains(user.id.as_str());
    if is_of_request {
        return if is_expected { Freshness::Fresh } else { Freshness::SomebodyElse };
    }
    let age = draft.now.since(session.auth.at).as_secs();
    let is_old = asked.max_age.is_some_and(|max_age| max_age == 0 || age > max_age);
    let shall_sign_in =
        [Prompt::Login, Prompt::SelectAccount].iter().any(|word| asked.prompt.contains(word));
    match is_expected && !is_old && !shall_sign_in {
        true => Freshness::Fresh,
        false => Freshness::Stale,
    }
}
