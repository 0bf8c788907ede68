//! Reading a private key from JSON.

use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RsaKeyPair,
};
use zeroize::Zeroizing;

use super::Pair;
use crate::jwk::JwkMembers;
use crate::key_material::{Curve, KeyMaterial};
use crate::{Algorithm, KeyProblem};

/// Reads the algorithm, the key pair and the `kid` of a private JWK.
pub(super) fn parse(json: &str) -> Result<(Algorithm, Pair, Option<Box<str>>), KeyProblem> {
    let members = JwkMembers::parse(json)?;
    let public = members.public("sign")?;
    let algorithm = match (public.algorithm(), &public.material) {
        (Some(algorithm), _) => algorithm,
        (None, KeyMaterial::Ec { curve, .. }) => curve.algorithm(),
        (None, KeyMaterial::Okp { .. }) => Algorithm::EdDsa,
        (None, KeyMaterial::Rsa { .. }) => Algorithm::Rs256,
    };
    if !algorithm.can_sign() {
        return Err(KeyProblem::VerifyOnly);
    }
    let pair = pair(&members, &public.material)?;
    Ok((algorithm, pair, public.kid().map(Box::from)))
}

fn pair(members: &JwkMembers<'_>, public: &KeyMaterial) -> Result<Pair, KeyProblem> {
    let secret = |name| members.number(name).map(Zeroizing::new);
    let inconsistent = |_| KeyProblem::Inconsistent;
    match public {
        KeyMaterial::Ec { curve, x, y } => {
            let scheme = match curve {
                Curve::P256 => &ECDSA_P256_SHA256_FIXED_SIGNING,
                Curve::P384 => &ECDSA_P384_SHA384_FIXED_SIGNING,
                Curve::P521 => return Err(KeyProblem::VerifyOnly),
            };
            let d = secret("d")?;
            if d.len() != curve.len() {
                return Err(KeyProblem::WrongLength("d"));
            }
            let point = KeyMaterial::point(x, y);
            EcdsaKeyPair::from_private_key_and_public_key(scheme, &d, &point)
                .map(Pair::Ec)
                .map_err(inconsistent)
        }
        KeyMaterial::Okp { x } => {
            let d = secret("d")?;
            if d.len() != x.len() {
                return Err(KeyProblem::WrongLength("d"));
            }
            Ed25519KeyPair::from_seed_and_public_key(&d, x).map(Pair::Ed).map_err(inconsistent)
        }
        KeyMaterial::Rsa { n, e } => RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: &**n, e: &**e },
            d: &**secret("d")?,
            p: &**secret("p")?,
            q: &**secret("q")?,
            dP: &**secret("dp")?,
            dQ: &**secret("dq")?,
            qInv: &**secret("qi")?,
        })
        .map(Pair::Rsa)
        .map_err(inconsistent),
    }
}
