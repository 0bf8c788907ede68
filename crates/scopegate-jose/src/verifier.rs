//! The checks of an access token, cheapest first.

use std::ops::Range;
use std::time::Duration;

use scopegate_claims::{Claims, UnixTime};

use crate::rules::ACCESS_TOKEN;
use crate::{ClientRule, Evidence, Header, JoseError, KeySet, Rules, UnverifiedJws, Verified};

/// Verifies an access token.
///
/// Form, type and algorithm come first, because they cost nothing; then the signature; only then is
/// the payload read: issuer, audience, times, and that it is an access token for a bearer.
///
/// [`JoseError::UnknownKey`] says that newer keys may help; every other error is final.
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

impl Rules {
    /// Verifies an access token that has been taken apart, as [`verify_access_token`] does.
    ///
    /// For whoever had to look at it before, to see which issuer's rules are the ones.
    pub fn verify(
        &self,
        jws: &UnverifiedJws<'_>,
        keys: &KeySet,
        now: UnixTime,
    ) -> Result<Verified, JoseError> {
        if !self.typ().admits(jws.header()) {
            return Err(JoseError::WrongType);
        }
        let key = jws.check_signature(keys, self.algorithms())?;
        let evidence =
            Evidence::Signature { algorithm: jws.header().algorithm(), kid: key.shared_kid() };
        let verified = Verified::read(jws, evidence, self.mapping())?;
        check(verified.claims(), jws.header(), self, now)?;
        Ok(verified)
    }
}

fn check(claims: &Claims, header: &Header, rules: &Rules, now: UnixTime) -> Result<(), JoseError> {
    if claims.issuer() != rules.issuer().as_str() {
        return Err(JoseError::WrongIssuer);
    }
    if !header.is_type(ACCESS_TOKEN) && is_another_kind(claims) {
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
    if !rules.audience().admits(claims) {
        return Err(JoseError::WrongAudience);
    }
    check_times(claims, rules.leeway(), now)?;
    // A bearer shows no proof of the key that `cnf` names (RFC 9449 §7.2, RFC 8705 §3).
    if claims.has_confirmation() {
        return Err(JoseError::SenderConstrained);
    }
    Ok(())
}

/// Whether the token has begun and not ended, by an issuer's clock that is at most that far from ours.
fn check_times(claims: &Claims, leeway: Duration, now: UnixTime) -> Result<(), JoseError> {
    if now >= claims.expires_at().plus(leeway) {
        return Err(JoseError::Expired);
    }
    // The latest that the issuer's clock can show.
    let latest = now.plus(leeway);
    if claims.not_before().is_some_and(|begin| begin > latest) {
        return Err(JoseError::NotYetValid);
    }
    if claims.issued_at().is_some_and(|issued| issued > latest) {
        return Err(JoseError::IssuedInFuture);
    }
    Ok(())
}

/// The time in which [`check_times`] finds nothing.
pub(crate) fn lifetime(claims: &Claims, leeway: Duration) -> Range<UnixTime> {
    let begin = claims.not_before().max(claims.issued_at()).unwrap_or(UnixTime::from_seconds(0));
    begin.minus(leeway)..claims.expires_at().plus(leeway)
}

/// Whether the claims are those of an ID token, a logout token or another security event, which for
/// many issuers have the same header and may have the same audience (RFC 8725 §3.12).
///
/// A `nonce` alone does not tell: some issuers copy it into access tokens, but those name scopes or
/// say what they are, which no ID token does.
fn is_another_kind(claims: &Claims) -> bool {
    let says_nothing = claims.token_kind().is_none() && claims.token_use().is_none();
    claims.token_use() == Some("id")
        || claims.has_id_token_hash()
        || claims.has_events()
        || claims.has_nonce() && says_nothing && claims.scopes().is_empty()
}

/// Whether the claim `typ` leaves it open that this is an access token.
///
/// No standard knows the claim. Those who write it have a word for each kind of token, as Keycloak with
/// `ID`, `Refresh`, `Offline` and `Logout`, so that an unknown word means a kind that is not ours.
fn is_access_kind(kind: Option<&str>) -> bool {
    const WORDS: [&str; 6] =
        ["Bearer", "JWT", "access", "access_token", "application/at+jwt", ACCESS_TOKEN];
    kind.is_none_or(|kind| WORDS.iter().any(|word| word.eq_ignore_ascii_case(kind)))
}

#[cfg(test)]
mod tests;
