//! The proof that an access token is good.

use std::any::type_name;
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Claims, UnixTime};
use serde::de::{DeserializeOwned, DeserializeSeed};

use crate::verifier::lifetime;
use crate::{Algorithm, ClaimMapping, ExtraClaims, JoseError, UnverifiedJws, base64url};

/// Payloads up to this length are decoded without an allocation.
const PAYLOAD_ON_STACK: usize = 2048;

/// An access token that has passed every check.
///
/// Only the verifier makes one, so holding it is the proof. It keeps the token, from which a service
/// reads claims of its own.
pub struct Verified {
    /// In base64url and dots, as the verifier has seen.
    token: Box<[u8]>,
    claims: Claims,
    evidence: Evidence,
    extra: Option<ExtraClaims>,
}

impl Verified {
    /// Reads the claims of a token whose signature is right; whoever calls this checks them before
    /// passing it on.
    pub(crate) fn read(
        jws: &UnverifiedJws<'_>,
        evidence: Evidence,
        mapping: &ClaimMapping,
    ) -> Result<Self, JoseError> {
        let mut buffer = [MaybeUninit::uninit(); PAYLOAD_ON_STACK];
        let payload = base64url::decode_upon(jws.payload(), &mut buffer)
            .map_err(|_| JoseError::Malformed("payload"))?;
        let payload = str::from_utf8(&payload).map_err(|_| JoseError::InvalidClaims)?;
        let claims = Claims::read_from(payload, |seed| {
            let mut json = serde_json::Deserializer::from_str(payload);
            let read = seed.deserialize(&mut json)?;
            json.end().map(|()| read)
        });
        let mut claims = claims.map_err(|_: serde_json::Error| JoseError::InvalidClaims)?;
        if !mapping.is_empty() {
            claims = mapping.apply(claims, payload)?;
        }
        Ok(Self { token: jws.token().into(), claims, evidence, extra: None })
    }

    /// The token itself: a secret, which whoever holds it may use.
    ///
    /// For passing it on to a service that is to act for the same caller.
    pub fn token(&self) -> &str {
        str::from_utf8(&self.token).unwrap_or_default()
    }

    /// The bytes of the token, for comparing.
    pub fn as_bytes(&self) -> &[u8] {
        &self.token
    }

    /// The same token with the claims of a service's own type, which were read from it.
    #[must_use]
    pub fn with_extra(self, extra: ExtraClaims) -> Self {
        Self { extra: Some(extra), ..self }
    }

    /// The claims of a service's own type, where the layer reads them.
    pub fn extra(&self) -> Option<&ExtraClaims> {
        self.extra.as_ref()
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
    pub fn deserialize<X: DeserializeOwned>(&self) -> Result<X, JoseError> {
        let read = || {
            let payload = base64url::decode(self.payload()).ok()?;
            serde_json::from_slice(&payload).ok()
        };
        read().ok_or(JoseError::ExtraClaims { wanted: type_name::<X>() })
    }

    /// The payload as it stands in the token.
    fn payload(&self) -> &[u8] {
        self.token.split(|&byte| byte == b'.').nth(1).unwrap_or_default()
    }

    /// When the token is good, with the issuer's clock that far from ours: from a second, which is the
    /// first, until another, which is no longer.
    ///
    /// The verifier has looked; this is for whoever keeps the token after that.
    pub fn lifetime(&self, leeway: Duration) -> Range<UnixTime> {
        lifetime(&self.claims, leeway)
    }

    /// The memory that the token takes, not much less.
    ///
    /// Of extra claims, whose size nobody can see, as much as the payload they were read from.
    pub fn footprint(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, |_| self.payload().len());
        size_of::<Self>() + self.token.len() + self.claims.footprint() + extra
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
