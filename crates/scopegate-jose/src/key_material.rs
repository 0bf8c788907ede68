//! The numbers of a public key, with their ranges checked.

use crate::{Algorithm, AlgorithmSet, KeyProblem};

/// The allowed lengths of the RSA modulus in bits. RFC 7518 §3.3 sets the lower bound; the upper
/// bound limits the cost of a verification.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The numbers of a public key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum KeyMaterial {
    Ec { curve: Curve, x: Box<[u8]>, y: Box<[u8]> },
    Okp { x: [u8; 32] },
    Rsa { n: Box<[u8]>, e: Box<[u8]> },
}

/// A curve of an EC key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.name() == name)
    }

    /// The length of a coordinate and of a private key, in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }
}

impl KeyMaterial {
    /// An RSA key from big-endian numbers. Leading zeros, which some libraries write, are dropped.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyProblem> {
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = bit_len(n);
        if bits < *RSA_BITS.start() {
            return Err(KeyProblem::RsaTooWeak { bits });
        }
        if bits > *RSA_BITS.end() {
            return Err(KeyProblem::RsaTooLarge { bits });
        }
        let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        // An exponent of 1 would make every message its own signature.
        if !odd(n) || !odd(e) || e == [1] || e.len() > 4 {
            return Err(KeyProblem::RsaNumbers);
        }
        Ok(Self::Rsa { n: n.into(), e: e.into() })
    }

    /// An EC key. RFC 7518 §6.2.1.2 requires coordinates at full length.
    pub(crate) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyProblem> {
        for (name, coordinate) in [("x", x), ("y", y)] {
            if coordinate.len() != curve.len() {
                return Err(KeyProblem::WrongLength(name));
            }
        }
        Ok(Self::Ec { curve, x: x.into(), y: y.into() })
    }

    /// An Ed25519 key.
    pub(crate) fn okp(x: &[u8]) -> Result<Self, KeyProblem> {
        Ok(Self::Okp { x: x.try_into().map_err(|_| KeyProblem::WrongLength("x"))? })
    }

    /// The algorithms that a key of this type can verify.
    pub(crate) const fn algorithms(&self) -> AlgorithmSet {
        match self {
            Self::Ec { curve, .. } => AlgorithmSet::of(&[curve.algorithm()]),
            Self::Okp { .. } => AlgorithmSet::of(&[Algorithm::EdDsa]),
            Self::Rsa { .. } => AlgorithmSet::of(&[
                Algorithm::Ps256,
                Algorithm::Ps384,
                Algorithm::Ps512,
                Algorithm::Rs256,
                Algorithm::Rs384,
                Algorithm::Rs512,
            ]),
        }
    }

    /// The EC point in the uncompressed form of SEC 1 §2.3.3.
    pub(crate) fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
        [&[0x04], x, y].concat()
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn bit_len(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modulus(bits: usize) -> Vec<u8> {
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] = 0xff >> (number.len() * 8 - bits);
        number
    }

    #[test]
    fn rsa_keys_have_2048_to_8192_bits() {
        let rsa = |bits| KeyMaterial::rsa(&modulus(bits), &[1, 0, 1]).map(|_| ());
        assert_eq!(rsa(1024), Err(KeyProblem::RsaTooWeak { bits: 1024 }));
        assert_eq!(rsa(2047), Err(KeyProblem::RsaTooWeak { bits: 2047 }));
        assert_eq!(rsa(2048), Ok(()));
        assert_eq!(rsa(8192), Ok(()));
        assert_eq!(rsa(8193), Err(KeyProblem::RsaTooLarge { bits: 8193 }));
        assert_eq!(KeyMaterial::rsa(&[], &[1, 0, 1]), Err(KeyProblem::RsaTooWeak { bits: 0 }),);
    }

    #[test]
    fn invalid_rsa_numbers_are_refused() {
        let mut even = modulus(2048);
        *even.last_mut().unwrap() = 0xfe;
        assert_eq!(KeyMaterial::rsa(&even, &[1, 0, 1]), Err(KeyProblem::RsaNumbers));
        for e in [&[][..], &[0], &[1], &[0, 1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
            assert_eq!(KeyMaterial::rsa(&modulus(2048), e), Err(KeyProblem::RsaNumbers), "{e:?}");
        }
        assert!(KeyMaterial::rsa(&modulus(2048), &[3]).is_ok());
    }

    #[test]
    fn leading_zeros_do_not_change_a_number() {
        let padded = [&[0][..], &modulus(2048)].concat();
        assert_eq!(
            KeyMaterial::rsa(&padded, &[0, 1, 0, 1]),
            KeyMaterial::rsa(&modulus(2048), &[1, 0, 1]),
        );
    }

    #[test]
    fn coordinates_must_have_the_full_length() {
        let wrong = |name| Err(KeyProblem::WrongLength(name));
        assert_eq!(KeyMaterial::ec(Curve::P256, &[1; 31], &[1; 32]), wrong("x"));
        assert_eq!(KeyMaterial::ec(Curve::P256, &[1; 32], &[1; 33]), wrong("y"));
        assert_eq!(KeyMaterial::ec(Curve::P384, &[1; 32], &[1; 32]), wrong("x"));
        assert_eq!(KeyMaterial::ec(Curve::P521, &[1; 66], &[1; 65]), wrong("y"));
        assert!(KeyMaterial::ec(Curve::P521, &[1; 66], &[1; 66]).is_ok());
        assert_eq!(KeyMaterial::okp(&[1; 31]), wrong("x"));
    }
}
