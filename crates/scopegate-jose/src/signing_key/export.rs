//! Writes a private key as JSON.

use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use zeroize::Zeroizing;

use super::Pair;
use crate::{JoseError, Jwk, KeyProblem, base64url};

/// The public members of the key, and `d`.
pub(super) fn private_jwk(pair: &Pair, public: &Jwk) -> Result<Zeroizing<String>, JoseError> {
    let d = match pair {
        Pair::Ec(pair) => {
            let key: EcPrivateKeyBin<'_> =
                pair.private_key().as_be_bytes().map_err(|_| JoseError::Crypto)?;
            Zeroizing::new(base64url::encode(key.as_ref()))
        }
        Pair::Ed(pair) => {
            let seed = pair.seed().map_err(|_| JoseError::Crypto)?;
            let seed: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(|_| JoseError::Crypto)?;
            Zeroizing::new(base64url::encode(seed.as_ref()))
        }
        Pair::Rsa(_) => return Err(KeyProblem::UnsupportedType.into()),
    };
    let public = serde_json::to_string(public).map_err(|_| JoseError::Unserializable)?;
    let members = public.strip_suffix('}').ok_or(JoseError::Unserializable)?;
    // The capacity fits everything: a string that grows leaves copies behind that are not zeroized.
    let mut json = Zeroizing::new(String::with_capacity(public.len() + d.len() + 8));
    for part in [members, r#","d":""#, &d, r#""}"#] {
        json.push_str(part);
    }
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, SigningKey};

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
