//! Parses the `RSAPublicKey` of RFC 8017 §A.1.1, the only form in which the cryptographic library
//! returns the public key of an RSA key pair.

/// The modulus and the public exponent, big-endian. Each may have one leading zero byte.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;

    let (body, rest) = value(SEQUENCE, der)?;
    let (modulus, body) = value(INTEGER, body)?;
    let (exponent, body) = value(INTEGER, body)?;
    (rest.is_empty() && body.is_empty()).then_some((modulus, exponent))
}

/// The contents of the first value, which must have this tag, and the bytes after it.
fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x82 => {
            let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (len.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_are_found() {
        let der = [0x30, 0x08, 0x02, 0x02, 0x00, 0x81, 0x02, 0x02, 0x01, 0x01];
        assert_eq!(rsa_public_key(&der), Some((&[0x00, 0x81][..], &[0x01, 0x01][..])));
        let long =
            [&[0x30, 0x82, 0x01, 0x06, 0x02, 0x81, 0xff][..], &[7; 255], &[2, 2, 1, 1]].concat();
        let (modulus, _) = rsa_public_key(&long).unwrap();
        assert_eq!(modulus, [7; 255]);
    }

    #[test]
    fn malformed_input_gives_none() {
        let der = [0x30, 0x08, 0x02, 0x02, 0x00, 0x81, 0x02, 0x02, 0x01, 0x01];
        for end in 0..der.len() {
            assert_eq!(rsa_public_key(&der[..end]), None);
        }
        for index in [0, 1, 2, 3, 6, 7] {
            let mut der = der;
            der[index] ^= 0x04;
            assert_eq!(rsa_public_key(&der), None, "{index}");
        }
        assert_eq!(rsa_public_key(&[0x30, 0x83, 0, 0, 0]), None);
    }
}
