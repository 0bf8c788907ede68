//! An issuer whose assertions a server takes (RFC 7523 §2.1), as it is written.

use scopegate_jose::{Jwk, KeySet};
use serde::{Deserialize, Serialize};

use super::kind::{Place, SpecKind};
use super::{AuthorizationServer, Clients, EntityKey};

/// An issuer whose assertions are taken. Its `iss` is the entity's name.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedIssuerSpec {
    /// Its public keys, inline.
    #[serde(default)]
    pub jwks: Vec<Jwk>,
    /// Where its public keys are, if they are not inline.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// What its `sub` is.
    pub subject: SubjectKind,
    /// The clients that may bring its assertions.
    pub clients: Clients,
}

impl SpecKind for TrustedIssuerSpec {
    const PLACE: Place = Place::InServer;

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        server.trusted_issuers.insert(key.name.clone(), TrustedIssuer::new(self));
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        server.trusted_issuers.remove(&key.name);
    }
}

/// What the `sub` of an assertion is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a person has a login and an id")]
pub enum SubjectKind {
    /// The id of a user.
    Id,
    /// The login of a user.
    #[default]
    Login,
}

/// An issuer whose assertions are taken, with its keys at hand.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// What was written of it.
    pub spec: TrustedIssuerSpec,
    /// Its inline keys, ready to verify with.
    pub keys: KeySet,
}

impl TrustedIssuer {
    pub(super) fn new(spec: TrustedIssuerSpec) -> Self {
        Self { keys: super::usable_keys(&spec.jwks), spec }
    }
}
