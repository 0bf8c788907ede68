//! Issuers whose assertions a server accepts (RFC 7523 §2.1).

use scopegate_jose::{Jwk, KeySet};
use serde::{Deserialize, Serialize};

use super::audience_names::is_issuer;
use super::check::{Field, Review};
use super::kind::SpecKind;
use super::placement::Place;
use super::{AuthorizationServer, Clients, EntityKey, EntityKind};
use crate::spelling::Quoted;

/// Maximum length of an issuer, in characters.
const MAX_ISSUER: usize = 1024;

/// An issuer whose assertions are accepted. Its `iss` is the name of the entity.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedIssuerSpec {
    /// Its public keys, inline.
    #[serde(default)]
    pub jwks: Vec<Jwk>,
    /// The URL of its public keys, if they are not inline.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// What the `sub` of its assertions is.
    pub subject: SubjectKind,
    /// The clients that may present its assertions.
    pub clients: Clients,
}

impl SpecKind for TrustedIssuerSpec {
    const PLACE: Place = Place::InServer;

    const NAME_FIELD: &'static str = "issuer";
    const MAX_PER_SERVER: Option<usize> = Some(100);

    fn check(&self, review: &mut Review<'_, '_>) {
        check_name(review);
        review.clients(&self.clients);
        review.keys_in_one_place(&self.jwks, self.jwks_uri.as_deref(), "a trusted issuer");
        review.keys(&self.jwks, "a trusted issuer");
        review.keys_uri(self.jwks_uri.as_deref());
    }

    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        server.trusted_issuers.get(&key.name).map(|issuer| issuer.spec.clone())
    }

    fn keys_in(server: &AuthorizationServer) -> Vec<EntityKey> {
        let key = |name: &String| EntityKey::of_server(EntityKind::TrustedIssuer, &server.id, name);
        server.trusted_issuers.keys().map(key).collect()
    }

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        server.trusted_issuers.insert(key.name.clone(), TrustedIssuer::new(self));
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        server.trusted_issuers.remove(&key.name);
    }
}

/// Checks the `iss` of its assertions. It is usually a URL, but need not be one (RFC 7519 §4.1.1).
fn check_name(review: &mut Review<'_, '_>) {
    let (name, field) = (review.key().name.as_str(), Field::of("issuer"));
    let shown = Quoted(name);
    if name.chars().nth(MAX_ISSUER).is_some() {
        review.length(field, name, MAX_ISSUER);
    } else if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        review.refuse(
            field,
            format_args!(
                "{shown} is no issuer: write the `iss` of its assertions, such as \"https://id.example.com\""
            ),
        );
    } else if review.view().base.is_some_and(|base| is_issuer(name, base)) {
        review.refuse(
            field,
            format_args!("{shown} is a server of this process: name it in \"trusted_servers\""),
        );
    }
}

/// What the `sub` of an assertion is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a user has a login and an id")]
pub enum SubjectKind {
    /// The id of a user.
    Id,
    /// The login of a user.
    #[default]
    Login,
}

/// An issuer whose assertions are accepted, with its parsed keys.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// Its spec.
    pub spec: TrustedIssuerSpec,
    /// Its inline keys, ready to verify with.
    pub keys: KeySet,
}

impl TrustedIssuer {
    pub(super) fn new(spec: TrustedIssuerSpec) -> Self {
        Self { keys: super::usable_keys(&spec.jwks), spec }
    }
}
