//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::key_material::{Curve, KeyMaterial};
use crate::object::{Member, Object};
use crate::{Algorithm, AlgorithmSet, KeyProblem, base64url, sha256};

/// The members of symmetric and private keys.
const SECRETS: [&str; 9] = ["k", "oth", "d", "p", "q", "dp", "dq", "qi", "priv"];

/// A public key for verifying signatures.
///
/// Parsing accepts only usable keys: a supported type, `use` absent or `sig`, `key_ops` absent or
/// with `verify`, and an `alg` that matches the type. A key with private members is refused, so a
/// `Jwk` can never leak a private key.
///
/// ```
/// use scopegate_jose::{Algorithm, Jwk, KeyProblem};
///
/// // RFC 8037 appendix A.2
/// let json = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let key = Jwk::parse(json).unwrap();
/// assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
/// assert!(key.algorithms().contains(Algorithm::EdDsa));
///
/// assert_eq!(Jwk::parse(r#"{"kty":"oct","k":"c2VjcmV0"}"#), Err(KeyProblem::Symmetric));
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Jwk {
    pub(crate) material: KeyMaterial,
    kid: Option<Box<str>>,
    algorithm: Option<Algorithm>,
}

impl Jwk {
    /// Parses one key.
    pub fn parse(json: &str) -> Result<Self, KeyProblem> {
        Self::from_members(&JwkMembers::parse(json)?)
    }

    /// Makes a key from its numbers. The algorithm must match their type.
    pub(crate) fn new(
        material: KeyMaterial,
        kid: Option<&str>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, KeyProblem> {
        match algorithm {
            Some(algorithm) if !material.algorithms().contains(algorithm) => {
                Err(KeyProblem::AlgorithmOfAnotherType)
            }
            _ => Ok(Self { material, kid: kid.map(Box::from), algorithm }),
        }
    }

    fn from_members(members: &JwkMembers<'_>) -> Result<Self, KeyProblem> {
        if members.has_secret() {
            return Err(match members.text("kty") {
                Ok("oct") => KeyProblem::Symmetric,
                _ => KeyProblem::PrivateMaterial,
            });
        }
        members.public("verify")
    }

    /// The id of the key (`kid`).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only algorithm that the key is for (`alg`).
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The algorithms that the key verifies unless the rules name others: its `alg`, or else the
    /// [usual](AlgorithmSet::usual) algorithms of its type. A P-521 key without `alg` has none.
    pub fn algorithms(&self) -> AlgorithmSet {
        match self.algorithm {
            Some(algorithm) => AlgorithmSet::of(&[algorithm]),
            None => self.material.algorithms().intersection(AlgorithmSet::usual()),
        }
    }

    /// The algorithms that the rules may name for the key: its `alg`, or else all of its type.
    pub(crate) fn possible_algorithms(&self) -> AlgorithmSet {
        match self.algorithm {
            Some(algorithm) => AlgorithmSet::of(&[algorithm]),
            None => self.material.algorithms(),
        }
    }

    /// The same key with another `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: &str) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The SHA-256 thumbprint of the key in base64url (RFC 7638 §3, RFC 8037 §2).
    pub fn thumbprint(&self) -> String {
        let encode = |bytes| base64url::encode(bytes);
        let canonical = match &self.material {
            KeyMaterial::Ec { curve, x, y } => format!(
                r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
                curve.name(),
                encode(x),
                encode(y),
            ),
            KeyMaterial::Okp { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x))
            }
            KeyMaterial::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
            }
        };
        base64url::encode(&sha256(canonical.as_bytes()))
    }
}

impl fmt::Debug for Jwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwk")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms())
            .finish_non_exhaustive()
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (kty, crv) = match &self.material {
            KeyMaterial::Ec { curve, .. } => ("EC", Some(curve.name())),
            KeyMaterial::Okp { .. } => ("OKP", Some("Ed25519")),
            KeyMaterial::Rsa { .. } => ("RSA", None),
        };
        map.serialize_entry("kty", kty)?;
        map.serialize_entry("use", "sig")?;
        if let Some(algorithm) = self.algorithm {
            map.serialize_entry("alg", &algorithm)?;
        }
        if let Some(kid) = &self.kid {
            map.serialize_entry("kid", kid)?;
        }
        if let Some(crv) = crv {
            map.serialize_entry("crv", crv)?;
        }
        let mut number = |name, bytes| map.serialize_entry(name, &base64url::encode(bytes));
        match &self.material {
            KeyMaterial::Ec { x, y, .. } => {
                number("x", x)?;
                number("y", y)?;
            }
            KeyMaterial::Okp { x } => number("x", x)?,
            KeyMaterial::Rsa { n, e } => {
                number("n", n)?;
                number("e", e)?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Object::deserialize(deserializer)?;
        JwkMembers::new(object)
            .and_then(|members| Self::from_members(&members))
            .map_err(de::Error::custom)
    }
}

/// A key set for publishing (RFC 7517 §5). It serializes as `{"keys":[…]}`.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// The keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect() }
    }
}

/// The members of a public or private key, before they are checked.
pub(crate) struct JwkMembers<'a>(Object<'a>);

impl<'a> JwkMembers<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, KeyProblem> {
        Self::new(Object::parse(json).map_err(|_| KeyProblem::NotAnObject)?)
    }

    fn new(object: Object<'a>) -> Result<Self, KeyProblem> {
        if object.has_duplicates { Err(KeyProblem::DuplicateMember) } else { Ok(Self(object)) }
    }

    fn has_secret(&self) -> bool {
        SECRETS.iter().any(|name| self.0.get(name).is_some())
    }

    /// The text of a member. Some issuers write `null` for a member that they do not use.
    fn optional(&self, name: &'static str) -> Result<Option<&str>, KeyProblem> {
        match self.0.get(name) {
            None | Some(Member::Null) => Ok(None),
            Some(Member::Text(text)) => Ok(Some(text)),
            Some(Member::List(_) | Member::Other(_)) => Err(KeyProblem::WrongType(name)),
        }
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<&str, KeyProblem> {
        self.optional(name)?.ok_or(KeyProblem::Missing(name))
    }

    /// The decoded number in this member.
    pub(crate) fn number(&self, name: &'static str) -> Result<Vec<u8>, KeyProblem> {
        base64url::decode(self.text(name)?).map_err(|_| KeyProblem::BadEncoding(name))
    }

    /// The public key, if the key may be used for this operation.
    pub(crate) fn public(&self, operation: &str) -> Result<Jwk, KeyProblem> {
        let kty = self.text("kty")?;
        if !["EC", "OKP", "RSA"].contains(&kty) {
            return Err(if kty == "oct" {
                KeyProblem::Symmetric
            } else {
                KeyProblem::UnsupportedType
            });
        }
        if self.optional("use")?.is_some_and(|usage| usage != "sig") {
            return Err(KeyProblem::NotForSignatures);
        }
        self.allow(operation)?;
        let algorithm = match self.optional("alg")? {
            None => None,
            Some(name) => Some(Algorithm::from_name(name).ok_or(KeyProblem::UnsupportedAlgorithm)?),
        };
        let kid = self.optional("kid")?;
        let material = match kty {
            "RSA" => KeyMaterial::rsa(&self.number("n")?, &self.number("e")?)?,
            "EC" => {
                let curve =
                    Curve::from_name(self.text("crv")?).ok_or(KeyProblem::UnsupportedCurve)?;
                KeyMaterial::ec(curve, &self.number("x")?, &self.number("y")?)?
            }
            _ if self.text("crv")? != "Ed25519" => return Err(KeyProblem::UnsupportedCurve),
            _ => KeyMaterial::okp(&self.number("x")?)?,
        };
        Jwk::new(material, kid, algorithm)
    }

    fn allow(&self, operation: &str) -> Result<(), KeyProblem> {
        let is_operation = |listed: &String| listed == operation;
        match self.0.get("key_ops") {
            None | Some(Member::Null) => Ok(()),
            Some(Member::List(listed)) if listed.iter().any(is_operation) => Ok(()),
            Some(Member::List(_)) => Err(KeyProblem::NotForThisOperation),
            Some(Member::Text(_) | Member::Other(_)) => Err(KeyProblem::WrongType("key_ops")),
        }
    }
}

#[cfg(test)]
mod tests;
