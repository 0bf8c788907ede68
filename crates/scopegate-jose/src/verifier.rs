//! Verifying an access token.

use scopegate_claims::UnixTime;

use crate::{JoseError, KeySet, Rules, UnverifiedJws, Verified};

/// Verifies an access token.
///
/// Format, type and algorithm are checked first, because these checks are cheap. Then the signature
/// is checked. Only then is the payload read and its issuer, audience and times are checked, and
/// that it belongs to a bearer access token.
///
/// [`JoseError::UnknownKey`] means that a newer key set may help. [`JoseError::BadSignature`] usually
/// means that the token is forged, but an issuer may also have changed a key without changing its
/// `kid`. Every other error is final.
///
/// ```
/// use scopegate_claims::{Audience, Claims, Dialect, Issuer, UnixTime};
/// use scopegate_jose::{
///     Algorithm, AudienceRule, JoseError, KeySet, Rules, SigningKey, TokenType, verify_access_token,
/// };
///
/// let issuer = Issuer::parse("https://id.example.com").unwrap();
/// let audience = Audience::parse("api://orders").unwrap();
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = Claims::builder(&issuer, UnixTime::from_seconds(1_700_000_600))
///     .audience(audience.clone())
///     .client_id("reader")
///     .build();
/// let token = key.sign(TokenType::AccessToken, &claims.in_dialect(Dialect::Both))?;
///
/// let keys = KeySet::from_keys([key.verifying_key()?]);
/// let rules = Rules::new(issuer, AudienceRule::any_of([audience]));
/// let verified = verify_access_token(&token, &keys, &rules, UnixTime::from_seconds(1_700_000_000))?;
/// assert_eq!(verified.claims().client_id(), Some("reader"));
///
/// let too_late = UnixTime::from_seconds(1_700_000_660);
/// assert_eq!(
///     verify_access_token(&token, &keys, &rules, too_late).unwrap_err(),
///     JoseError::Expired,
/// );
/// # Ok::<(), JoseError>(())
/// ```
pub fn verify_access_token(
    token: &str,
    keys: &KeySet,
    rules: &Rules,
    now: UnixTime,
) -> Result<Verified, JoseError> {
    rules.verify(&UnverifiedJws::parse(token)?, keys, now)
}

#[cfg(test)]
mod tests;
