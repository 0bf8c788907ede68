//! The times at which a token is valid.

use std::ops::Range;
use std::time::Duration;

use scopegate_claims::{Claims, UnixTime};

use crate::JoseError;

/// Checks that the token is valid at this time. The issuer's clock may differ by the leeway.
///
/// `iat` does not matter: it says how old the token is, not when it may be used (RFC 7519 §4.1.6).
pub(crate) fn check_times(
    claims: &Claims,
    leeway: Duration,
    now: UnixTime,
) -> Result<(), JoseError> {
    let lifetime = lifetime(claims, leeway);
    if now >= lifetime.end {
        return Err(JoseError::Expired);
    }
    if now < lifetime.start {
        return Err(JoseError::NotYetValid);
    }
    Ok(())
}

/// The range of time in which the token is valid.
pub(crate) fn lifetime(claims: &Claims, leeway: Duration) -> Range<UnixTime> {
    let begin = claims.not_before().unwrap_or(UnixTime::from_seconds(0));
    begin.minus(leeway)..claims.expires_at().plus(leeway)
}
