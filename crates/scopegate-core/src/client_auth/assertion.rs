//! The claims of an assertion, and the checks that all assertions need (RFC 7523 §3).

use std::time::Duration;

use scopegate_claims::{Audiences, UnixTime};
use serde::Deserialize;

use crate::authority::upkeep::CLOCK_SKEW;

/// How far in the future an assertion may expire.
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How much the issuer's clock may differ from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest `jti`, in bytes.
const MAX_JTI: usize = 255;

/// The claims of an assertion. Serde refuses a claim that occurs twice.
#[derive(Deserialize)]
pub(crate) struct Assertion {
    pub(crate) iss: String,
    pub(crate) sub: String,
    aud: Audiences,
    exp: UnixTime,
    #[serde(default)]
    iat: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
    pub(crate) jti: String,
}

impl Assertion {
    /// Checks everything except issuer and subject.
    ///
    /// `audiences` are the accepted values of `aud`. All of them identify this server.
    pub(crate) fn check(
        &self,
        mut audiences: impl Iterator<Item = String>,
        now: UnixTime,
    ) -> Result<(), &'static str> {
        let Self { aud, exp, iat, nbf, jti, .. } = self;
        if !audiences.any(|name| aud.contains(&name)) {
            return Err("the assertion is for another audience");
        }
        if self.ends_at() <= now {
            return Err("the assertion has expired");
        }
        if *exp > now.plus(MAX_LIFETIME).plus(LEEWAY) {
            return Err("the assertion expires more than an hour from now");
        }
        let later = now.plus(LEEWAY);
        if nbf.is_some_and(|nbf| nbf > later) || iat.is_some_and(|iat| iat > later) {
            return Err("the assertion is not valid yet");
        }
        if jti.is_empty() || jti.len() > MAX_JTI {
            return Err("the assertion's jti is empty or too long");
        }
        Ok(())
    }

    /// From when on the assertion is refused, by a correct clock.
    fn ends_at(&self) -> UnixTime {
        self.exp.plus(LEEWAY)
    }

    /// From when on every node refuses the assertion, whatever its clock. Then the record of its use may be
    /// deleted.
    pub(crate) fn forget_at(&self) -> UnixTime {
        self.ends_at().plus(CLOCK_SKEW)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn check(changed: &Value) -> Result<(), &'static str> {
        let mut claims =
            json!({ "iss": "i", "sub": "s", "aud": "us", "exp": NOW + 300, "jti": "1" });
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let assertion: Assertion =
            serde_json::from_value(claims).map_err(|_| "it cannot be read")?;
        let audiences = ["us", "us/token"].map(str::to_owned);
        assertion.check(audiences.into_iter(), UnixTime::from_seconds(NOW))
    }

    #[test]
    fn s3_each_claim_is_checked_against_its_limits() {
        for good in [
            json!({}),
            json!({ "aud": ["them", "us/token"] }),
            json!({ "exp": NOW - 59 }),
            json!({ "exp": NOW + 3660 }),
            json!({ "iat": NOW + 60, "nbf": NOW + 60 }),
            json!({ "jti": "j".repeat(255) }),
        ] {
            assert_eq!(check(&good), Ok(()), "{good}");
        }
        for bad in [
            json!({ "aud": "them" }),
            json!({ "aud": [] }),
            json!({ "exp": NOW - 60 }),
            json!({ "exp": NOW + 3661 }),
            json!({ "exp": null }),
            json!({ "iat": NOW + 61 }),
            json!({ "nbf": NOW + 61 }),
            json!({ "jti": "" }),
            json!({ "jti": "j".repeat(256) }),
            json!({ "jti": null }),
        ] {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }

    proptest! {
        /// The record of a use is kept as long as any node could accept the assertion again, even a node
        /// whose clock is behind.
        #[test]
        fn s3_a_used_assertion_is_recorded_until_every_node_refuses_it(
            exp in 0..2 * NOW,
            later in 0..10_000_u64,
            behind in 0..=CLOCK_SKEW.as_secs(),
        ) {
            let claims = json!({ "iss": "i", "sub": "s", "aud": "us", "exp": exp, "jti": "1" });
            let assertion: Assertion = serde_json::from_value(claims).unwrap();
            let now = UnixTime::from_seconds(exp.saturating_add(later));
            let there = now.minus(Duration::from_secs(behind));
            let accepted = assertion.check(["us".to_owned()].into_iter(), there).is_ok();
            prop_assert!(!accepted || now < assertion.forget_at());
        }
    }
}
