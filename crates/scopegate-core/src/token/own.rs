//! Verifies access tokens that are sent back to the server that issued them.

use scopegate_claims::{Claims, UnixTime};
use scopegate_jose::{JoseError, KeySet, Verified, verify_access_token};

use super::TokenId;
use crate::catalog::{AuthorizationServer, UserId};

/// Verifies an access token of this server, for any of its audiences. It does not check whether the token was
/// revoked.
///
/// An ID token is never accepted: it names no client, it has `at_hash`, its id has another prefix, and its
/// audience is a client.
///
/// A leeway applies to `iat` and `nbf`, because the clock of the issuing node may be ahead. No leeway applies
/// to `exp`.
///
/// # Errors
///
/// [`JoseError`] if the text is not a valid access token of this server, or if it has expired.
pub fn verify_own(
    token: &str,
    server: &AuthorizationServer,
    keys: &KeySet,
    now: UnixTime,
) -> Result<Verified, JoseError> {
    let verified = verify_access_token(token, keys, server.own_tokens(), now)?;
    let is_access_token = |jti: &str| jti.starts_with(TokenId::ACCESS);
    match verified.claims().token_id().is_some_and(is_access_token) {
        true if now < verified.claims().expires_at() => Ok(verified),
        true => Err(JoseError::Expired),
        false => Err(JoseError::InvalidClaims { claim: Some("jti") }),
    }
}

/// The user of an access token of this server. `None` if the subject is the client itself.
///
/// A token without `uid` (RFC 9068 dialect) has the user id as its subject. A client id is never a valid user
/// id.
pub(crate) fn user_of(claims: &Claims) -> Option<UserId> {
    let id = claims.user_id().or(claims.subject())?;
    UserId::parse(id).ok()
}
