//! The closed list of signature algorithms.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A JWS signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// The list is closed. It has no `none` and no HMAC, so that neither a configuration mistake nor a
/// token can select them.
///
/// All of them verify. [`SIGNING`](Self::SIGNING) lists those that sign too. These are also the
/// usual ones: the others verify a token only if the [`Rules`](crate::Rules) or the `alg` of the key
/// name them.
///
/// ```
/// use scopegate_jose::Algorithm;
///
/// assert_eq!(Algorithm::from_name("RS256"), Some(Algorithm::Rs256));
/// assert_eq!(Algorithm::from_name("HS256"), None);
/// assert!(Algorithm::Rs256.can_sign() && !Algorithm::Rs512.can_sign());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519. It has two names: `EdDSA`, which is written here, and `Ed25519` (RFC 9864 §2.2),
    /// which is read too.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512. It only verifies.
    Es512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384. It only verifies.
    Ps384,
    /// RSASSA-PSS with SHA-512. It only verifies.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384. It only verifies.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512. It only verifies.
    Rs512,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: &'static [Self] = &[
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// The algorithms that a [`SigningKey`](crate::SigningKey) can have.
    pub const SIGNING: &'static [Self] =
        &[Self::EdDsa, Self::Es256, Self::Es384, Self::Ps256, Self::Rs256];

    /// The name that is written to the `alg` member of a header or a key.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    /// The algorithm with this name. Names are case-sensitive.
    ///
    /// `EdDSA` also names Ed448 (RFC 8037 §3.1), but the type of a key excludes Ed448.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name),
        }
    }

    /// Whether a [`SigningKey`](crate::SigningKey) can have this algorithm. The others only verify.
    pub const fn can_sign(self) -> bool {
        match self {
            Self::EdDsa | Self::Es256 | Self::Es384 | Self::Ps256 | Self::Rs256 => true,
            Self::Es512 | Self::Ps384 | Self::Ps512 | Self::Rs384 | Self::Rs512 => false,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl de::Visitor<'_> for Name {
            type Value = Algorithm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let names: Vec<_> =
                    Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
                write!(f, "one of {}", names.join(", "))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Algorithm, E> {
                Algorithm::from_name(name)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(name), &self))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_parsed_to_its_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(*algorithm));
            let json = serde_json::to_string(algorithm).unwrap();
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), *algorithm);
        }
    }

    /// RFC 9864 §2.2. RFC 8037 has the older name.
    #[test]
    fn both_names_of_ed25519_are_read_and_the_older_one_is_written() {
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::from_name("EdDSA"), Some(Algorithm::EdDsa));
        assert_eq!(Algorithm::EdDsa.to_string(), "EdDSA");
    }

    #[test]
    fn the_list_is_closed() {
        let others = ["none", "None", "HS256", "rs256", "RS1", "ES256K", "Ed448", "ed25519", ""];
        for name in others {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
            let error = serde_json::from_value::<Algorithm>(name.into()).unwrap_err().to_string();
            assert!(error.contains("expected one of EdDSA, ES256"), "{error}");
        }
    }

    #[test]
    fn the_algorithms_that_sign_are_listed() {
        let signing: Vec<_> = Algorithm::ALL.iter().filter(|it| it.can_sign()).collect();
        assert_eq!(signing, Algorithm::SIGNING.iter().collect::<Vec<_>>());
        assert_eq!(signing.len(), 5);
    }
}
