//! The proof that an access token is good.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use scopegate_claims::Claims;
use serde::Deserialize;

use crate::{Algorithm, ClaimMapping, JoseError, VerifiedJws};

/// An access token that has passed every check.
///
/// Only the verifier makes one, so holding it is the proof. It keeps the payload, from which a
/// service reads claims of its own.
pub struct Verified {
    claims: Claims,
    payload: Box<str>,
    evidence: Evidence,
}

impl Verified {
    /// Reads the claims of a signed token; whoever calls this checks them before passing it on.
    pub(crate) fn read(jws: VerifiedJws) -> Result<Self, JoseError> {
        let (payload, algorithm, kid) = jws.into_parts();
        let payload = String::from_utf8(payload).map_err(|_| JoseError::InvalidClaims)?;
        let claims = serde_json::from_str(&payload).map_err(|_| JoseError::InvalidClaims)?;
        let evidence = Evidence::Signature { algorithm, kid };
        Ok(Self { claims, payload: payload.into(), evidence })
    }

    /// The same token, its claims read by the places that its issuer has for them.
    pub(crate) fn mapped(self, mapping: &ClaimMapping) -> Result<Self, JoseError> {
        let Self { claims, payload, evidence } = self;
        let claims = mapping.apply(claims, &payload)?;
        Ok(Self { claims, payload, evidence })
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
        serde_json::from_str(&self.payload)
            .map_err(|_| JoseError::ExtraClaims { wanted: type_name::<X>() })
    }

    /// The length of the payload, for whoever accounts for memory.
    pub fn payload_len(&self) -> usize {
        self.payload.len()
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
