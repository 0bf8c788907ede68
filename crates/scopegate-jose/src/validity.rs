//! The times at which a token is valid.

use std::ops::Range;
use std::time::Duration;

use scopegate_claims::{Claims, UnixTime};

use crate::JoseError;

/// Checks that the token is valid at this time. The issuer's clock may differ by the leeway.
pub(crate) fn check_times(
    claims: &Claims,
    leeway: Duration,
    now: UnixTime,
) -> Result<(), JoseError> {
    if now >= claims.expires_at().plus(leeway) {
        return Err(JoseError::Expired);
    }
    // The latest time that the issuer's clock can show.
    let latest = now.plus(leeway);
    if claims.not_before().is_some_and(|begin| begin > latest) {
        return Err(JoseError::NotYetValid);
    }
    if claims.issued_at().is_some_and(|issued| issued > latest) {
        return Err(JoseError::IssuedInFuture);
    }
    Ok(())
}

/// The range of time in which [`check_times`] finds no error.
pub(crate) fn lifetime(claims: &Claims, leeway: Duration) -> Range<UnixTime> {
    let begin = claims.not_before().max(claims.issued_at()).unwrap_or(UnixTime::from_seconds(0));
    begin.minus(leeway)..claims.expires_at().plus(leeway)
}
