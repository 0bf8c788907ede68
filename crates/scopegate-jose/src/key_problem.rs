//! Why a key cannot be used.

use crate::key_set::{MAX_ENTRIES, MAX_KEYS};

/// Why a key cannot be used.
///
/// It is separate from [`JoseError`](crate::JoseError) because it is often no error: a key set that
/// contains some unusable keys is still valid, and the reasons go to a log. Where one specific key
/// is needed, it becomes [`JoseError::InvalidKey`](crate::JoseError::InvalidKey).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// The `alg` belongs to another type of key.
    #[error("the algorithm of the key does not fit its type")]
    AlgorithmOfAnotherType,
    /// A member is not canonical base64url.
    #[error("`{0}` is not base64url without padding")]
    BadEncoding(&'static str),
    /// An earlier entry of the set is the same key.
    #[error("an earlier entry is the same key")]
    Duplicate,
    /// A member name occurs twice, so two parsers could read two different keys.
    #[error("a member of the key occurs twice")]
    DuplicateMember,
    /// The members of a private key do not form one key pair.
    #[error("the members of the private key do not form one key pair")]
    Inconsistent,
    /// A member that this type of key needs is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// `key_ops` does not list the operation that the key is needed for.
    #[error("key_ops does not allow this use")]
    NotForThisOperation,
    /// `use` is not `sig`.
    #[error("the key is not for signatures")]
    NotForSignatures,
    /// The entry is not a JSON object.
    #[error("the key is not a JSON object")]
    NotAnObject,
    /// The point does not lie on the curve.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// A public key was expected, but it contains private members.
    #[error("the key holds private key material")]
    PrivateMaterial,
    /// The RSA modulus or exponent is not valid for an RSA key.
    #[error("the RSA modulus or exponent is not usable")]
    RsaNumbers,
    /// The RSA modulus has more than 8192 bits.
    #[error("an RSA key of {bits} bits is too large")]
    RsaTooLarge {
        /// The length of the modulus.
        bits: usize,
    },
    /// The RSA modulus has fewer than 2048 bits (RFC 7518 §3.3).
    #[error("an RSA key of {bits} bits is too weak")]
    RsaTooWeak {
        /// The length of the modulus.
        bits: usize,
    },
    /// The key is a shared secret, which must not be published.
    #[error("the key is symmetric")]
    Symmetric,
    /// The set holds more than [`MAX_KEYS`](crate::MAX_KEYS) usable keys, or more than 1,024 entries.
    #[error("the set holds more than {MAX_KEYS} usable keys or {MAX_ENTRIES} entries")]
    TooManyKeys,
    /// The input is not a private key in the expected format.
    #[error("not a PKCS#8 private key of the expected type")]
    Unreadable,
    /// The `alg` is not supported.
    #[error("the algorithm of the key is not supported")]
    UnsupportedAlgorithm,
    /// The `crv` is not supported.
    #[error("the curve of the key is not supported")]
    UnsupportedCurve,
    /// The `kty` is not supported.
    #[error("the type of the key is not supported")]
    UnsupportedType,
    /// The algorithm only verifies, see [`Algorithm::can_sign`](crate::Algorithm::can_sign).
    #[error("the algorithm is supported for verifying only, not for signing")]
    VerifyOnly,
    /// A member does not have the length that the curve prescribes.
    #[error("`{0}` has the wrong length")]
    WrongLength(&'static str),
    /// A member has the wrong JSON type.
    #[error("`{0}` has the wrong JSON type")]
    WrongType(&'static str),
}
