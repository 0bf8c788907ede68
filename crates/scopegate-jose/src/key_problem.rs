//! Why a key cannot be used.

/// Why a key cannot be used.
///
/// Not [`JoseError`](crate::JoseError), because it is data: a key set with odd keys is a good key set,
/// and the report of what was set aside goes to a log. A single key that must be usable turns it into
/// [`JoseError::InvalidKey`](crate::JoseError::InvalidKey).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// The `alg` fits another kind of key.
    #[error("the algorithm of the key does not fit its type")]
    AlgorithmOfAnotherType,
    /// A member is not canonical base64url.
    #[error("`{0}` is not base64url without padding")]
    BadEncoding(&'static str),
    /// Another key of the set has the same `kid` and every algorithm of this one.
    #[error("an earlier key has the same kid and algorithm")]
    Duplicate,
    /// A member name occurs twice, so that two readers could see two keys.
    #[error("a member of the key occurs twice")]
    DuplicateMember,
    /// The members of a private key do not belong together.
    #[error("the parts of the private key do not belong together")]
    Inconsistent,
    /// A member that this type of key needs is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// `key_ops` does not hold the operation the key is wanted for.
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
    /// A public key was wanted and the private part came along.
    #[error("the key holds private key material")]
    PrivateMaterial,
    /// The RSA modulus or exponent is not one an RSA key can have.
    #[error("the RSA modulus or exponent is not usable")]
    RsaNumbers,
    /// The RSA modulus has more than 8192 bits.
    #[error("an RSA key of {bits} bits is too large")]
    RsaTooLarge {
        /// The length of the modulus.
        bits: usize,
    },
    /// The RSA modulus has less than 2048 bits (RFC 7518 §3.3).
    #[error("an RSA key of {bits} bits is too weak")]
    RsaTooWeak {
        /// The length of the modulus.
        bits: usize,
    },
    /// The key is a shared secret, which nobody may publish.
    #[error("the key is symmetric")]
    Symmetric,
    /// The set holds more keys than are kept.
    #[error("the set holds too many keys")]
    TooManyKeys,
    /// Not a private key in the form that was expected.
    #[error("not a PKCS#8 private key of the expected type")]
    Unreadable,
    /// The `alg` is none of ours.
    #[error("the algorithm of the key is not supported")]
    UnsupportedAlgorithm,
    /// The `crv` is none of ours.
    #[error("the curve of the key is not supported")]
    UnsupportedCurve,
    /// The `kty` is none of ours.
    #[error("the type of the key is not supported")]
    UnsupportedType,
    /// A member has not the length that the curve prescribes.
    #[error("`{0}` has the wrong length")]
    WrongLength(&'static str),
    /// A member has another JSON type than it should.
    #[error("`{0}` has the wrong JSON type")]
    WrongType(&'static str),
}
