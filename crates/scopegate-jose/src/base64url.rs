//! Base64url without padding (RFC 7515 §2), in canonical form only.
//!
//! Padding, white space, the standard alphabet and unused bits that are not zero are refused,
//! although a lenient decoder accepts them. Otherwise one token would have many encodings, and a
//! cache or a replay check that compares tokens as strings could be bypassed.

use base64_simd::{Base64, URL_SAFE_NO_PAD};

use crate::JoseError;

const CODEC: Base64 = URL_SAFE_NO_PAD;

/// Encodes bytes.
///
/// ```
/// use scopegate_jose::base64url;
///
/// assert_eq!(base64url::encode(&[0xfb, 0xff]), "-_8");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    CODEC.encode_to_string(bytes)
}

/// Decodes a string in canonical form.
///
/// ```
/// use scopegate_jose::base64url;
///
/// assert_eq!(base64url::decode("-_8").unwrap(), [0xfb, 0xff]);
/// assert!(base64url::decode("-_8=").is_err()); // padding
/// assert!(base64url::decode("-_9").is_err()); // unused bits are not zero
/// assert!(base64url::decode("+/8").is_err()); // the standard alphabet
/// ```
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, JoseError> {
    CODEC.decode_to_vec(text.as_ref()).map_err(|_| JoseError::InvalidBase64url)
}

/// Decodes a string in canonical form and appends its bytes.
pub(crate) fn decode_to(text: &[u8], bytes: &mut Vec<u8>) -> Result<(), JoseError> {
    CODEC.decode_append(text, bytes).map_err(|_| JoseError::InvalidBase64url)
}

/// Appends the encoded bytes to a string.
pub(crate) fn encode_to(bytes: &[u8], text: &mut String) {
    CODEC.encode_append(bytes, text);
}

/// The encoded length of a number of bytes.
pub(crate) const fn encoded_len(bytes: usize) -> usize {
    CODEC.encoded_length(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// Whether the string is accepted. Both ways of decoding must agree.
    fn accepts(text: &str) -> bool {
        let decoded = decode(text);
        let mut bytes = vec![7];
        let appended = decode_to(text.as_bytes(), &mut bytes).map(|()| bytes[1..].to_vec());
        assert_eq!(appended, decoded, "{text:?}");
        decoded.is_ok()
    }

    #[test]
    fn rfc_7515_appendix_c() {
        assert_eq!(encode(&[3, 236, 255, 224, 193]), "A-z_4ME");
        assert_eq!(decode("A-z_4ME").unwrap(), [3, 236, 255, 224, 193]);
    }

    #[test]
    fn padding_and_white_space_are_refused() {
        for text in
            ["AA==", "AA=", "AAA=", "=", "====", " AA", "AA ", "A A", "AA\n", "\tAAAA", "AAAA\r\n"]
        {
            assert!(!accepts(text), "{text:?}");
        }
    }

    #[test]
    fn a_length_that_no_encoding_has_is_refused() {
        for length in (1..400).step_by(4) {
            assert!(!accepts(&"A".repeat(length)), "{length}");
        }
    }

    /// Tries every byte at every position. The longer strings reach the SIMD code and its tail.
    #[test]
    fn only_the_url_safe_alphabet_is_accepted() {
        for length in [4, 8, 12, 36, 40, 100] {
            for place in 0..length {
                let mut text = vec![b'A'; length];
                for byte in 0..=127_u8 {
                    text[place] = byte;
                    let text = std::str::from_utf8(&text).unwrap();
                    assert_eq!(
                        accepts(text),
                        ALPHABET.contains(&byte),
                        "{byte} at {place} of {length}"
                    );
                }
            }
        }
        assert!(!accepts(&format!("{}é{}", "A".repeat(40), "A".repeat(42))));
    }

    #[test]
    fn unused_bits_must_be_zero() {
        for whole in [0, 4, 36, 96] {
            for (index, last) in ALPHABET.iter().enumerate() {
                let text = |tail: &str| format!("{}{tail}{}", "A".repeat(whole), char::from(*last));
                assert_eq!(accepts(&text("A")), index % 16 == 0);
                assert_eq!(accepts(&text("AA")), index % 4 == 0);
            }
        }
    }

    proptest! {
        #[test]
        fn encoded_bytes_decode_unchanged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert!(accepts(&text));
            prop_assert_eq!(decode(&text).unwrap(), bytes);
        }

        #[test]
        fn bytes_have_exactly_one_encoding(text in "[A-Za-z0-9_-]{0,120}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
