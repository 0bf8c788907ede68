//! A public key that was parsed in advance.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
    VerificationAlgorithm,
};

use crate::key_material::KeyMaterial;
use crate::{Algorithm, AlgorithmSet, Jwk, KeyProblem};

/// A public key that is ready to verify.
///
/// Parsing an RSA key costs a fifth of a verification, so it is done once, when this is created.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Option<Arc<str>>,
    algorithms: AlgorithmSet,
    /// One parsed key per algorithm. An RSA key without `alg` has two algorithms.
    ready: Box<[(Algorithm, ParsedPublicKey)]>,
}

impl VerifyingKey {
    /// Parses a key.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, KeyProblem> {
        let algorithms = jwk.algorithms();
        let ready = algorithms
            .iter()
            .map(|algorithm| Ok((algorithm, parse(&jwk.material, algorithm)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self { kid: jwk.kid().map(Arc::from), algorithms, ready })
    }

    /// The `kid` of the key, if it has one.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithms that the key verifies.
    pub fn algorithms(&self) -> AlgorithmSet {
        self.algorithms
    }

    pub(crate) fn shared_kid(&self) -> Option<Arc<str>> {
        self.kid.clone()
    }

    /// Whether the signature was made by this key with this algorithm.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.ready
            .iter()
            .find(|(known, _)| *known == algorithm)
            .is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
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
        KeyMaterial::Ec { x, y, .. } => {
            // aws-lc refuses a point that is not on the curve, and the point at infinity.
            ParsedPublicKey::new(scheme(algorithm), KeyMaterial::point(x, y))
                .map_err(|_| KeyProblem::NotOnCurve)
        }
        KeyMaterial::Okp { x } => {
            ParsedPublicKey::new(scheme(algorithm), x).map_err(|_| KeyProblem::NotOnCurve)
        }
        KeyMaterial::Rsa { n, e } => RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(padding(algorithm))
            .map_err(|_| KeyProblem::RsaNumbers),
    }
}

fn scheme(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::EdDsa => &ED25519,
        Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
        Algorithm::Ps256 | Algorithm::Rs256 => padding(algorithm),
    }
}

fn padding(algorithm: Algorithm) -> &'static RsaParameters {
    match algorithm {
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    #[test]
    fn a_point_off_the_curve_is_refused() {
        for (curve, len) in [("P-256", 32), ("P-384", 48)] {
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
    fn an_rsa_key_without_alg_is_ready_for_both_paddings() {
        let n = base64url::encode(&[0xff; 256]);
        let jwk = Jwk::parse(&format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"}}"#)).unwrap();
        let key = VerifyingKey::from_jwk(&jwk).unwrap();
        assert_eq!(key.algorithms(), AlgorithmSet::of(&[Algorithm::Ps256, Algorithm::Rs256]));
        assert_eq!(key.ready.len(), 2);
    }
}
