//! What PKCS#11 calls the algorithms.

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::Attribute;
use scopegate_jose::{Algorithm, sha256, sha384};

use super::error::Pkcs11Error;

/// The size of RSA keys, as for keys in memory.
const RSA_BITS: u64 = 2048;

/// The public exponent 65537.
const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

/// The names of the curves as DER object identifiers (RFC 5480 §2.1.1.1, RFC 8410 §3).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// How a key pair is made.
pub(super) struct Templates {
    pub(super) mechanism: Mechanism<'static>,
    pub(super) public: Vec<Attribute>,
    pub(super) private: Vec<Attribute>,
}

/// Whether a token with these mechanisms makes and uses keys of an algorithm.
pub(super) fn is_supported(algorithm: Algorithm, has: &[MechanismType]) -> bool {
    let needed = match algorithm {
        Algorithm::EdDsa => [MechanismType::ECC_EDWARDS_KEY_PAIR_GEN, MechanismType::EDDSA],
        Algorithm::Es256 | Algorithm::Es384 => {
            [MechanismType::ECC_KEY_PAIR_GEN, MechanismType::ECDSA]
        }
        Algorithm::Rs256 => [MechanismType::RSA_PKCS_KEY_PAIR_GEN, MechanismType::SHA256_RSA_PKCS],
        Algorithm::Ps256 => {
            [MechanismType::RSA_PKCS_KEY_PAIR_GEN, MechanismType::SHA256_RSA_PKCS_PSS]
        }
        _ => return false,
    };
    needed.iter().all(|one| has.contains(one))
}

/// How a key pair is made. Both halves are labelled with the key id.
pub(super) fn templates(algorithm: Algorithm, kid: &str) -> Result<Templates, Pkcs11Error> {
    let curve = |name: &[u8]| vec![Attribute::EcParams(name.to_vec())];
    let (mechanism, parameters) = match algorithm {
        Algorithm::EdDsa => (Mechanism::EccEdwardsKeyPairGen, curve(ED25519)),
        Algorithm::Es256 => (Mechanism::EccKeyPairGen, curve(P256)),
        Algorithm::Es384 => (Mechanism::EccKeyPairGen, curve(P384)),
        Algorithm::Ps256 | Algorithm::Rs256 => {
            let size = Attribute::ModulusBits(RSA_BITS.into());
            let exponent = Attribute::PublicExponent(RSA_EXPONENT.to_vec());
            (Mechanism::RsaPkcsKeyPairGen, vec![size, exponent])
        }
        _ => return Err(Pkcs11Error::Unsupported(algorithm)),
    };
    let named = [
        Attribute::Token(true),
        Attribute::Label(kid.as_bytes().to_vec()),
        Attribute::Id(kid.as_bytes().to_vec()),
    ];
    let public = [Attribute::Private(false), Attribute::Verify(true)];
    let private = [
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ];
    Ok(Templates {
        mechanism,
        public: named.iter().cloned().chain(public).chain(parameters).collect(),
        private: named.into_iter().chain(private).collect(),
    })
}

/// The mechanism that signs a message, and what it is given: the message, or its digest.
///
/// Tokens do not hash for ECDSA in general. RSA and EdDSA hash in the token.
pub(super) fn to_sign(
    algorithm: Algorithm,
    message: &[u8],
) -> Result<(Mechanism<'static>, Vec<u8>), Pkcs11Error> {
    Ok(match algorithm {
        Algorithm::EdDsa => {
            let pure = EddsaParams::new(EddsaSignatureScheme::Pure);
            (Mechanism::Eddsa(pure), message.to_vec())
        }
        Algorithm::Es256 => (Mechanism::Ecdsa, sha256(message).to_vec()),
        Algorithm::Es384 => (Mechanism::Ecdsa, sha384(message).to_vec()),
        Algorithm::Rs256 => (Mechanism::Sha256RsaPkcs, message.to_vec()),
        Algorithm::Ps256 => (Mechanism::Sha256RsaPkcsPss(pss()), message.to_vec()),
        _ => return Err(Pkcs11Error::Unsupported(algorithm)),
    })
}

/// RFC 7518 §3.5: SHA-256 also for the mask, and a salt as long as the digest.
fn pss() -> PkcsPssParams {
    PkcsPssParams {
        hash_alg: MechanismType::SHA256,
        mgf: PkcsMgfType::MGF1_SHA256,
        s_len: 32.into(),
    }
}
