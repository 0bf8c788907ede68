//! Access tokens that come back to the server that issued them.

use scopegate_claims::{Claims, UnixTime};
use scopegate_jose::{JoseError, KeySet, Verified, verify_access_token};

use super::TokenId;
use crate::catalog::{AuthorizationServer, UserId};

/// Verifies an access token of this very server, for whichever of its audiences.
///
/// An ID token never passes: it names no client, it bears `at_hash`, its id begins otherwise, and its
/// audience is none of the server's. Whether the token still stands is for the storage to say.
///
/// It may come from a node whose clock is ahead; its end is exact all the same, as it is for clients.
///
/// # Errors
///
/// [`JoseError`] for anything else than a good access token that has not expired.
pub fn verify_own(
    token: &str,
    server: &AuthorizationServer,
    keys: &KeySet,
    now: UnixTime,
) -> Result<Verified, JoseError> {
    let verified = verify_access_token(token, keys, server.own_tokens(), now)?;
    let is_ours = |jti: &str| jti.starts_with(TokenId::ACCESS);
    match verified.claims().token_id().is_some_and(is_ours) {
        true if now < verified.claims().expires_at() => Ok(verified),
        true => Err(JoseError::Expired),
        false => Err(JoseError::InvalidClaims),
    }
}

/// The person of whom an access token of ours speaks; none in that of a client alone.
///
/// Where there is no `uid` (RFC 9068), the subject is the person: no client id is a user id.
pub(crate) fn person_of(claims: &Claims) -> Option<UserId> {
    let id = claims.user_id().or(claims.subject())?;
    UserId::parse(id).ok()
}
