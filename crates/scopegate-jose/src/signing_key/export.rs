//! Writes a private key as JSON.

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use zeroize::Zeroizing;

use super::{Pair, SigningKey};
use crate::{JoseError, KeyProblem, base64url};

impl SigningKey {
    /// Writes the key pair as a private JWK (RFC 7518 §6.2.2, RFC 8037 §2), in memory that is
    /// zeroized on drop.
    ///
    /// [`from_jwk_json`](Self::from_jwk_json) reads it. A client gets this key to sign its
    /// assertions. EC and Ed25519 keys are enough for that, because they are short and fast to
    /// generate.
    ///
    /// # Errors
    ///
    /// [`KeyProblem::UnsupportedType`] for an RSA key.
    pub fn to_private_jwk(&self) -> Result<Zeroizing<String>, JoseError> {
        let d = match &self.pair {
            Pair::Ec(pair) => {
                let key: EcPrivateKeyBin<'_> =
                    pair.private_key().as_be_bytes().map_err(|_| JoseError::Crypto)?;
                Zeroizing::new(base64url::encode(key.as_ref()))
            }
            Pair::Ed(pair) => {
                let seed = pair.seed().map_err(|_| JoseError::Crypto)?;
                let seed: Curve25519SeedBin<'_> =
                    seed.as_be_bytes().map_err(|_| JoseError::Crypto)?;
                Zeroizing::new(base64url::encode(seed.as_ref()))
            }
            Pair::Rsa(_) => return Err(KeyProblem::UnsupportedType.into()),
        };
        let public = serde_json::to_string(&self.jwk).map_err(|_| JoseError::Unserializable)?;
        let members = public.strip_suffix('}').ok_or(JoseError::Unserializable)?;
        // The capacity fits everything: a string that grows leaves copies behind that are not
        // zeroized.
        let mut json = Zeroizing::new(String::with_capacity(public.len() + d.len() + 8));
        for part in [members, r#","d":""#, &d, r#""}"#] {
            json.push_str(part);
        }
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Jwk};

    #[test]
    fn a_private_key_is_read_back_unchanged_from_json() {
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
            let key = SigningKey::generate(algorithm).unwrap().with_kid("k1").unwrap();
            let json = key.to_private_jwk().unwrap();
            let again = SigningKey::from_jwk_json(&json).unwrap();
            assert_eq!(again.public_jwk(), key.public_jwk());
            assert_eq!((again.kid(), again.algorithm()), ("k1", algorithm));
            assert_eq!(Jwk::parse(&json), Err(KeyProblem::PrivateMaterial));
        }
    }

    #[test]
    fn an_rsa_key_cannot_be_written_as_json() {
        let key = SigningKey::generate(Algorithm::Rs256).unwrap();
        let refusal = JoseError::InvalidKey(KeyProblem::UnsupportedType);
        assert_eq!(key.to_private_jwk().unwrap_err(), refusal);
    }
}
