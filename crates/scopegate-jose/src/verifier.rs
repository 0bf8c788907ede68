//! The checks of an access token.

use scopegate_claims::UnixTime;

use crate::rules::ACCESS_TOKEN;
use crate::validity::check_times;
use crate::{ClientRule, Evidence, Header, JoseError, KeySet, Rules, UnverifiedJws, Verified};

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
    verify(&UnverifiedJws::parse(token)?, keys, rules, now)
}

/// Verifies a parsed access token.
pub(crate) fn verify(
    jws: &UnverifiedJws<'_>,
    keys: &KeySet,
    rules: &Rules,
    now: UnixTime,
) -> Result<Verified, JoseError> {
    if !rules.typ().admits(jws.header()) {
        return Err(JoseError::WrongType);
    }
    let key = jws.check_signature(keys, rules.allowed_algorithms())?;
    let evidence =
        Evidence::Signature { algorithm: jws.header().algorithm(), kid: key.shared_kid() };
    let verified = Verified::read(jws, evidence, rules.mapping())?;
    check(&verified, jws.header(), rules, now)?;
    Ok(verified)
}

fn check(token: &Verified, header: &Header, rules: &Rules, now: UnixTime) -> Result<(), JoseError> {
    let claims = token.claims();
    if claims.issuer() != rules.issuer() {
        return Err(JoseError::wrong_issuer(rules.issuer(), claims.issuer()));
    }
    if !header.is_type(ACCESS_TOKEN) && is_another_kind(token, rules) {
        return Err(JoseError::WrongType);
    }
    match rules.token_kind() {
        Some(kind) if claims.token_kind() != Some(kind) => return Err(JoseError::WrongType),
        None if !header.is_type(ACCESS_TOKEN) && !is_access_kind(claims.token_kind()) => {
            return Err(JoseError::WrongType);
        }
        Some(_) | None => {}
    }
    if rules.client_rule() == ClientRule::Named && claims.client_id().is_none() {
        return Err(JoseError::MissingClaim("client_id"));
    }
    if let Some(claim) = rules.typ().missing(claims) {
        return Err(JoseError::MissingClaim(claim));
    }
    rules.audience().check(token, header)?;
    check_times(claims, rules.leeway(), now)?;
    // A bearer token carries no proof of the key that `cnf` names (RFC 9449 §7.2, RFC 8705 §3).
    if claims.has_confirmation() {
        return Err(JoseError::SenderConstrained);
    }
    Ok(())
}

/// Whether the claims are those of an ID token, a logout token or another security event. Many
/// issuers sign these with the same header as access tokens, and the audience may be the same (RFC
/// 8725 §3.12).
///
/// A `nonce` alone is not enough to tell, because some issuers copy it into access tokens. Those
/// access tokens also hold scopes or name their kind, which ID tokens with a `nonce` do not.
fn is_another_kind(token: &Verified, rules: &Rules) -> bool {
    let claims = token.claims();
    let names_no_kind = claims.token_kind().is_none() && claims.token_use().is_none();
    // `Claims` gives a `token_use` that is not a string as the empty string.
    matches!(claims.token_use(), Some("id" | ""))
        || claims.has_id_token_hash() && (!rules.allows_at_hash() || token.has_code_hash())
        || claims.has_events()
        || claims.has_nonce() && names_no_kind && claims.scopes().is_empty()
}

/// Whether a token with this claim `typ` can be an access token.
///
/// No standard defines the claim. Issuers that write it have one value for each kind of token:
/// Keycloak writes `ID`, `Refresh`, `Offline` and `Logout`. So an unknown value means another kind
/// of token.
fn is_access_kind(kind: Option<&str>) -> bool {
    const WORDS: [&str; 6] =
        ["Bearer", "JWT", "access", "access_token", "application/at+jwt", ACCESS_TOKEN];
    kind.is_none_or(|kind| WORDS.iter().any(|word| word.eq_ignore_ascii_case(kind)))
}

#[cfg(test)]
mod tests;
