//! A public key that was parsed in advance.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};

use crate::key_material::{Curve, KeyMaterial};
use crate::rules::AllowedAlgorithms;
use crate::{Algorithm, AlgorithmSet, Jwk, KeyProblem};

/// A public key that is ready to verify.
///
/// Parsing an RSA key costs a fifth of a verification, so it is done once, when this is created.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Option<Arc<str>>,
    algorithms: AlgorithmSet,
    /// The algorithms that the rules may name for this key.
    possible: AlgorithmSet,
    material: KeyMaterial,
    /// The parsed key for each of `algorithms`. An RSA key without `alg` has two.
    parsed: Box<[(Algorithm, ParsedPublicKey)]>,
}

impl VerifyingKey {
    /// Parses a key.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyProblem> {
        let (algorithms, possible) = (jwk.algorithms(), jwk.possible_algorithms());
        // A P-521 key without `alg` is parsed too, so that an invalid one is found here.
        let ready = if algorithms.is_empty() { possible } else { algorithms };
        let parsed = ready
            .iter()
            .map(|algorithm| Ok((algorithm, parse(&jwk.material, algorithm)?)))
            .collect::<Result<_, _>>()?;
        let kid = jwk.kid().map(Arc::from);
        Ok(Self { kid, algorithms, possible, material: jwk.material.clone(), parsed })
    }

    /// The `kid` of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithms that the key verifies unless the rules name others: its `alg`, or else the
    /// [usual](AlgorithmSet::usual) algorithms of its type. A P-521 key without `alg` has none.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    pub(crate) fn shared_kid(&self) -> Option<Arc<str>> {
        self.kid.clone()
    }

    /// Whether the JWK is this key: the same `kid` and numbers, and no further algorithm.
    pub(crate) fn is_also(&self, jwk: &Jwk) -> bool {
        self.kid() == jwk.kid()
            && self.material == jwk.material
            && jwk.possible_algorithms().is_subset(self.possible)
    }

    /// Whether this key may verify a token with this algorithm.
    pub(crate) fn fits(&self, algorithm: Algorithm, allowed: AllowedAlgorithms) -> bool {
        match allowed {
            AllowedAlgorithms::Usual => self.algorithms.contains(algorithm),
            AllowedAlgorithms::Only(set) => {
                set.contains(algorithm) && self.possible.contains(algorithm)
            }
        }
    }

    /// Whether the signature was made by this key with this algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let verifies = |key: &ParsedPublicKey| key.verify_sig(message, signature).is_ok();
        match self.parsed.iter().find(|(parsed, _)| *parsed == algorithm) {
            Some((_, key)) => verifies(key),
            // An RSA key without `alg`, and rules that name one of the other algorithms.
            None if self.possible.contains(algorithm) => {
                parse(&self.material, algorithm).is_ok_and(|key| verifies(&key))
            }
            None => false,
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

fn parse(material: &KeyMaterial, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyProblem> {
    match material {
        KeyMaterial::Ec { curve, x, y } => {
            let scheme = match curve {
                Curve::P256 => &ECDSA_P256_SHA256_FIXED,
                Curve::P384 => &ECDSA_P384_SHA384_FIXED,
                Curve::P521 => &ECDSA_P521_SHA512_FIXED,
            };
            // aws-lc refuses a point that is not on the curve, and the point at infinity.
            ParsedPublicKey::new(scheme, KeyMaterial::point(x, y))
                .map_err(|_| KeyProblem::NotOnCurve)
        }
        KeyMaterial::Okp { x } => {
            ParsedPublicKey::new(&ED25519, x).map_err(|_| KeyProblem::NotOnCurve)
        }
        KeyMaterial::Rsa { n, e } => RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(rsa_scheme(algorithm)?)
            .map_err(|_| KeyProblem::RsaNumbers),
    }
}

fn rsa_scheme(algorithm: Algorithm) -> Result<&'static RsaParameters, KeyProblem> {
    match algorithm {
        Algorithm::Ps256 => Ok(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Ok(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Ok(&RSA_PSS_2048_8192_SHA512),
        Algorithm::Rs256 => Ok(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Ok(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Ok(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 | Algorithm::Es512 => {
            Err(KeyProblem::AlgorithmOfAnotherType)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::base64url;

    #[test]
    fn a_point_off_the_curve_is_refused() {
        for (curve, len) in [("P-256", 32), ("P-384", 48), ("P-521", 66)] {
            for (x, y) in [(1, 1), (0, 0), (0xff, 0xff)] {
                let [x, y] = [x, y].map(|byte| base64url::encode(&vec![byte; len]));
                let jwk =
                    Jwk::parse(&format!(r#"{{"kty":"EC","crv":"{curve}","x":"{x}","y":"{y}"}}"#));
                let key = VerifyingKey::from_jwk(&jwk.unwrap());
                assert_eq!(key.unwrap_err(), KeyProblem::NotOnCurve, "{curve}");
            }
        }
    }

    #[test]
    fn a_key_without_alg_is_for_the_usual_algorithms_of_its_type() {
        let n = base64url::encode(&[0xff; 256]);
        let jwk = Jwk::parse(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).unwrap();
        let key = VerifyingKey::from_jwk(&jwk).unwrap();
        assert_eq!(key.algorithms(), AlgorithmSet::of(&[Algorithm::Ps256, Algorithm::Rs256]));
        assert_eq!(key.parsed.len(), 2);
        let key = key_of(&p521());
        assert!(key.algorithms().is_empty());
        assert_eq!(key.parsed.len(), 1);
    }

    fn p521() -> Value {
        // RFC 7520 §3.1.
        json!({
            "kty": "EC",
            "crv": "P-521",
            "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
            "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
        })
    }

    fn rsa() -> Value {
        json!({ "kty": "RSA", "n": base64url::encode(&[0xff; 256]), "e": "AQAB" })
    }

    fn key_of(jwk: &Value) -> VerifyingKey {
        VerifyingKey::from_jwk(&Jwk::parse(&jwk.to_string()).unwrap()).unwrap()
    }

    /// The algorithms that a key may verify under these rules.
    fn fitting(key: &VerifyingKey, allowed: AllowedAlgorithms) -> AlgorithmSet {
        let fits = |algorithm: &Algorithm| key.fits(*algorithm, allowed);
        Algorithm::ALL.iter().copied().filter(fits).collect()
    }

    #[test]
    fn unusual_algorithms_are_taken_only_where_the_rules_or_the_key_name_them() {
        use Algorithm::{Es512, Ps256, Ps384, Rs256, Rs512};

        let usual = AllowedAlgorithms::Usual;
        let only = |algorithms: &[Algorithm]| AllowedAlgorithms::Only(AlgorithmSet::of(algorithms));
        let set = AlgorithmSet::of;

        let any = key_of(&rsa());
        assert_eq!(fitting(&any, usual), set(&[Ps256, Rs256]));
        assert_eq!(fitting(&any, only(&[Rs512, Ps384, Es512])), set(&[Rs512, Ps384]));
        assert_eq!(fitting(&any, only(&[Rs256])), set(&[Rs256]));

        let named = key_of(&with(rsa(), "RS512"));
        assert_eq!(fitting(&named, usual), set(&[Rs512]));
        assert_eq!(fitting(&named, only(&[Rs512, Rs256])), set(&[Rs512]));
        assert!(fitting(&named, only(&[Rs256])).is_empty(), "a key does not widen the rules");

        let any = key_of(&p521());
        assert!(fitting(&any, usual).is_empty());
        assert_eq!(fitting(&any, only(&[Es512, Rs512])), set(&[Es512]));
        assert_eq!(fitting(&key_of(&with(p521(), "ES512")), usual), set(&[Es512]));
    }

    fn with(mut jwk: Value, alg: &str) -> Value {
        jwk["alg"] = alg.into();
        jwk
    }
}
