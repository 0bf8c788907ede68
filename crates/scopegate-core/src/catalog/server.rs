//! Authorization servers.

mod key_schedule;
mod rules;

use std::collections::BTreeSet;
use std::fmt;

use scopegate_claims::{Audience, Dialect};
use scopegate_jose::Algorithm;
use serde::{Deserialize, Deserializer, Serialize, de};

pub use self::key_schedule::{KeyRotation, KeySchedule};
use super::check::Review;
use super::kind::SpecKind;
use super::placement::Place;
use super::{AuthorizationServer, EntityKey, Status};

/// The id of an authorization server: the last part of its issuer's path.
///
/// 1 to 64 letters, digits, `-` and `_`. `org` is the id of the org server.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerId(Box<str>);

impl ServerId {
    /// The id of the org server in stored keys and events. No custom server may have it.
    pub const ORG: &'static str = "org";

    /// The org server's id.
    pub fn org() -> Self {
        Self(Self::ORG.into())
    }

    /// The name of the custom server that exists from the start.
    pub const DEFAULT: &'static str = "default";

    /// The id of the custom server that exists from the start.
    pub fn default_server() -> Self {
        Self(Self::DEFAULT.into())
    }

    /// Parses the id of a custom server.
    ///
    /// # Errors
    ///
    /// A text that names the broken rule.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return Err("a server id has 1 to 64 letters, digits, `-` or `_`");
        }
        if matches!(text, Self::ORG | "v1") {
            return Err("`org` and `v1` are reserved: choose another server id");
        }
        Ok(Self(text.into()))
    }

    /// The id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether this is the org server.
    pub fn is_org(&self) -> bool {
        &*self.0 == Self::ORG
    }

    /// Tells whether this is the custom server that exists from the start.
    pub fn is_default(&self) -> bool {
        &*self.0 == Self::DEFAULT
    }
}

impl TryFrom<String> for ServerId {
    type Error = &'static str;

    /// Parses a stored id, which may also be the org server's.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == Self::ORG { Ok(Self::org()) } else { Self::parse(&text) }
    }
}

impl From<ServerId> for String {
    fn from(id: ServerId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A custom authorization server. Its scopes, claims and policies are entities of their own.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSpec {
    /// The display name.
    pub name: String,
    /// What it is for, for administrators.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The audiences of its tokens. The first one is the default.
    pub audiences: Vec<AudienceSpec>,
    /// The format of its access tokens.
    #[serde(default)]
    pub dialect: Dialect,
    /// The algorithms that it has keys for. The first one signs.
    #[serde(deserialize_with = "signing_algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// The servers whose tokens may be exchanged for its own (RFC 8693).
    #[serde(default)]
    pub trusted_servers: BTreeSet<ServerId>,
    /// When its signing keys change.
    #[serde(default, skip_serializing_if = "KeySchedule::is_default")]
    pub keys: KeySchedule,
    /// Whether it is in use.
    #[serde(default)]
    pub status: Status,
}

impl SpecKind for ServerSpec {
    const PLACE: Place = Place::Server;
    const NAME_FIELD: &'static str = "id";

    fn check(&self, review: &mut Review<'_, '_>) {
        self.rules(review);
    }

    fn find(_key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        server.written().cloned()
    }

    fn put(self, _key: &EntityKey, server: &mut AuthorizationServer) {
        server.write(self);
    }

    fn delete(_key: &EntityKey, server: &mut AuthorizationServer) {
        server.unwrite();
    }
}

impl ServerSpec {
    /// The audience of the `default` server until the catalog defines that server.
    pub const DEFAULT_AUDIENCE: &'static str = "api://default";

    /// The spec of a server that the catalog does not define. The `default` server has it at first.
    pub(super) fn unwritten() -> Self {
        Self {
            name: "Default".to_owned(),
            description: String::new(),
            audiences: vec![AudienceSpec {
                name: Audience::parse(Self::DEFAULT_AUDIENCE).expect("it is printable"),
                resources: Vec::new(),
            }],
            dialect: Dialect::default(),
            algorithms: vec![Algorithm::Rs256],
            trusted_servers: BTreeSet::new(),
            keys: KeySchedule::default(),
            status: Status::Active,
        }
    }
}

/// Reads algorithms that can sign. [`Algorithm`] itself also reads those that only verify.
fn signing_algorithms<'de, D: Deserializer<'de>>(names: D) -> Result<Vec<Algorithm>, D::Error> {
    struct Signing(Algorithm);

    impl<'de> Deserialize<'de> for Signing {
        fn deserialize<D: Deserializer<'de>>(name: D) -> Result<Self, D::Error> {
            let name = String::deserialize(name)?;
            let found = Algorithm::SIGNING.iter().find(|algorithm| algorithm.name() == name);
            let known = "one of EdDSA, ES256, ES384, PS256, RS256";
            found.map(|algorithm| Self(*algorithm)).ok_or_else(|| {
                de::Error::invalid_value(de::Unexpected::Str(&name), &known) //
            })
        }
    }

    let read = Vec::<Signing>::deserialize(names)?;
    Ok(read.into_iter().map(|Signing(algorithm)| algorithm).collect())
}

/// An audience and the resources that select it (RFC 8707).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AudienceSpec {
    /// The value of `aud`.
    pub name: Audience,
    /// URLs that a client may send as `resource`, unchanged from the catalog. They are compared as
    /// [`Resource`](super::Resource)s.
    #[serde(default)]
    pub resources: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_fits_into_a_path_and_is_not_reserved() {
        for good in ["default", "orders-2", "aus9o8wzkhckw9TLa0h7z", "A_b"] {
            assert!(ServerId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "org", "v1", "a/b", "a b", "é", "..", &"a".repeat(65)] {
            assert!(ServerId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_signs_with_the_algorithms_that_can_sign() {
        let read = |algorithm: &str| {
            let json = format!(r#"{{"name":"S","audiences":[],"algorithms":["{algorithm}"]}}"#);
            serde_json::from_str::<ServerSpec>(&json).map(|spec| spec.algorithms)
        };
        for algorithm in Algorithm::SIGNING {
            assert_eq!(read(algorithm.name()).unwrap(), [*algorithm]);
        }
        for other in ["RS512", "ES512", "Ed25519", "HS256", "none"] {
            let error = read(other).unwrap_err().to_string();
            let known = "expected one of EdDSA, ES256, ES384, PS256, RS256";
            assert!(error.contains(known), "{error}");
        }
    }
}
