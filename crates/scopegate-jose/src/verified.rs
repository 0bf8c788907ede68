//! The proof that an access token was verified.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use scopegate_claims::{Claims, UnixTime};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::mismatch::shown;
use crate::validity::lifetime;
use crate::{Algorithm, ClaimMapping, ExtraClaims, JoseError, UnverifiedJws, base64url};

/// An access token that has passed every check.
///
/// Only the verifier can create one, so holding one proves that the token is valid. It keeps the
/// token, so that a service can read further claims.
pub struct Verified {
    token: Box<str>,
    claims: Claims,
    evidence: Evidence,
    extra: Option<ExtraClaims>,
}

impl Verified {
    /// Reads the claims of a token whose signature is valid. The caller must check the claims
    /// before it returns the result.
    pub(crate) fn read(
        jws: &UnverifiedJws<'_>,
        evidence: Evidence,
        mapping: &ClaimMapping,
    ) -> Result<Self, JoseError> {
        let payload =
            str::from_utf8(jws.payload()).map_err(|_| JoseError::InvalidClaims { claim: None })?;
        let mut json = serde_json::Deserializer::from_str(payload);
        let mut claims = Claims::read(&mut json)?;
        json.end().map_err(|_| JoseError::InvalidClaims { claim: None })?;
        if !mapping.is_empty() {
            claims = mapping.apply(claims, payload);
        }
        let token = str::from_utf8(jws.token()).map_err(|_| JoseError::Malformed("form"))?;
        Ok(Self { token: token.into(), claims, evidence, extra: None })
    }

    /// The encoded token. It is a secret: whoever has it can use it.
    ///
    /// For passing the token on to another service on behalf of the same caller.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The bytes of the encoded token, for comparison.
    pub fn as_bytes(&self) -> &[u8] {
        self.token.as_bytes()
    }

    /// The same token together with claims of a custom type that were read from it.
    #[must_use]
    pub fn with_extra(self, extra: ExtraClaims) -> Self {
        Self { extra: Some(extra), ..self }
    }

    /// The claims of a custom type, if the layer reads them.
    pub fn extra(&self) -> Option<&ExtraClaims> {
        self.extra.as_ref()
    }

    /// The claims that access tokens have in common.
    ///
    /// Scopes, roles, groups and client id include the values that the issuer's
    /// [mapping](crate::ClaimMapping) reads from other claims.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The reason why the token is trusted.
    pub fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Reads the payload as another type, for claims that are specific to a service.
    ///
    /// Payloads with duplicate members were already refused, so both readings see the same values.
    pub fn deserialize<X: DeserializeOwned>(&self) -> Result<X, JoseError> {
        let payload =
            base64url::decode(self.payload()).map_err(|_| JoseError::Malformed("payload"))?;
        serde_json::from_slice(&payload).map_err(|_| JoseError::ExtraClaims {
            wanted: type_name::<X>(),
            member: mismatched_member::<X>(&payload),
        })
    }

    /// The client that the token was issued to: `azp` (OpenID Connect Core §2), or else the client
    /// id. An `azp` that is not a string is no client.
    pub(crate) fn authorized_party(&self) -> Option<Cow<'_, str>> {
        match self.further_claims()?.azp {
            None => self.claims.client_id().map(Cow::Borrowed),
            Some(Value::String(azp)) => Some(Cow::Owned(azp)),
            Some(_) => None,
        }
    }

    /// Whether the token has a `c_hash`, which ID tokens have. A payload that cannot be read counts
    /// as one that has it.
    pub(crate) fn has_code_hash(&self) -> bool {
        self.further_claims().is_none_or(|claims| claims.c_hash.is_some())
    }

    fn further_claims(&self) -> Option<FurtherClaims> {
        let payload = base64url::decode(self.payload()).ok()?;
        serde_json::from_slice(&payload).ok()
    }

    /// The encoded payload, as it appears in the token.
    fn payload(&self) -> &str {
        self.token.split('.').nth(1).unwrap_or_default()
    }

    /// The range of time in which the token is valid, if the issuer's clock may differ by the
    /// leeway. The end is exclusive.
    ///
    /// The verifier has already checked the current time. This is for caches that keep the token.
    pub fn lifetime(&self, leeway: Duration) -> Range<UnixTime> {
        lifetime(&self.claims, leeway)
    }

    /// The approximate memory in bytes that the token takes.
    ///
    /// The size of extra claims is unknown, so they count as much as the payload they were read
    /// from.
    pub fn footprint(&self) -> usize {
        let extra = self.extra.as_ref().map_or(0, |_| self.payload().len());
        size_of::<Self>() + self.token.len() + self.claims.footprint() + extra
    }
}

/// Claims that only few rules need. `null` counts as absent.
#[derive(serde::Deserialize)]
struct FurtherClaims {
    azp: Option<Value>,
    c_hash: Option<Value>,
}

/// The path of the member that prevents reading the payload as this type.
///
/// The payload is read a second time, because keeping track of the path takes time, which tokens
/// that match need not pay.
fn mismatched_member<X: DeserializeOwned>(payload: &[u8]) -> Option<Box<str>> {
    let mut json = serde_json::Deserializer::from_slice(payload);
    let error = serde_path_to_error::deserialize::<_, X>(&mut json).err()?;
    let path = error.path().to_string();
    let path = Some(path).filter(|path| path != ".");
    // For a missing member, the path is that of its object. The name comes first in the message.
    // The rest of a message may quote a value, so it is not shown.
    let message = error.inner().to_string();
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    let member = match (path, missing) {
        (Some(object), Some((name, _))) => Some(format!("{object}.{name}")),
        (None, Some((name, _))) => Some(name.to_owned()),
        (path, None) => path,
    };
    member.map(|member| shown(&member))
}

/// Shows the evidence but no claims, which may contain personal data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("evidence", &self.evidence).finish_non_exhaustive()
    }
}

/// The reason why a token is trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Evidence {
    /// A signature of the issuer.
    #[non_exhaustive]
    Signature {
        /// The algorithm of the signature.
        algorithm: Algorithm,
        /// The `kid` of the key, if it has one.
        kid: Option<Arc<str>>,
    },
}
