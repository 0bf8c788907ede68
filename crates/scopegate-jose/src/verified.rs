//! The proof that an access token is good.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Claims, UnixTime};
use serde::Deserialize;
use serde::de::DeserializeSeed;

use crate::verifier::check_times;
use crate::{Algorithm, ClaimMapping, JoseError, VerifiedJws};

/// An access token that has passed every check.
///
/// Only the verifier makes one, so holding it is the proof. It keeps the payload, from which a
/// service reads claims of its own.
pub struct Verified {
    /// They keep the payload, whose parts their texts are.
    claims: Claims,
    evidence: Evidence,
}

impl Verified {
    /// Reads the claims of a signed token; whoever calls this checks them before passing it on.
    pub(crate) fn read(jws: VerifiedJws) -> Result<Self, JoseError> {
        let (payload, algorithm, kid) = jws.into_parts();
        let payload = String::from_utf8(payload).map_err(|_| JoseError::InvalidClaims)?;
        let claims = Claims::read_within(payload, |seed| {
            let mut json = serde_json::Deserializer::from_str(seed.source());
            let read = seed.deserialize(&mut json)?;
            json.end().map(|()| read)
        });
        let claims = claims.map_err(|_: serde_json::Error| JoseError::InvalidClaims)?;
        Ok(Self { claims, evidence: Evidence::Signature { algorithm, kid } })
    }

    /// The same token, its claims read by the places that its issuer has for them.
    pub(crate) fn mapped(self, mapping: &ClaimMapping) -> Result<Self, JoseError> {
        let Self { claims, evidence } = self;
        Ok(Self { claims: mapping.apply(claims)?, evidence })
    }

    /// The claims that access tokens have in common.
    ///
    /// Scopes, roles, groups and client are the ones that hold: where the issuer's
    /// [mapping](crate::ClaimMapping) names other places for them, those are in.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What makes the token believable.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Reads the payload as another type, for the claims that a service adds.
    ///
    /// Members named twice are refused by then, so that both readings agree.
    pub fn deserialize<'a, X: Deserialize<'a>>(&'a self) -> Result<X, JoseError> {
        serde_json::from_str(self.claims.source())
            .map_err(|_| JoseError::ExtraClaims { wanted: type_name::<X>() })
    }

    /// Whether this is within the time of the token, with the issuer's clock that far away.
    ///
    /// The verifier has looked; this is for whoever keeps the token after that.
    pub fn is_current(&self, leeway: Duration, now: UnixTime) -> bool {
        check_times(&self.claims, leeway, now).is_ok()
    }

    /// The memory that the token takes, not much less.
    pub fn footprint(&self) -> usize {
        size_of::<Self>() + self.claims.footprint()
    }

    /// The length of the payload, for whoever accounts for memory.
    pub fn payload_len(&self) -> usize {
        self.claims.source().len()
    }
}

/// Shows the evidence but no claims, which are about people.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("evidence", &self.evidence).finish_non_exhaustive()
    }
}

/// What makes a token believable.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// A signature of the issuer.
    #[non_exhaustive]
    Signature {
        /// Its algorithm.
        algorithm: Algorithm,
        /// The name of the key, where it has one.
        kid: Option<Arc<str>>,
    },
}
