//! A string encoded in the const parameters of a type.

/// At most 64 bytes of text: sixteen bytes per number, big-endian, padded with zeros.
///
/// Stable Rust does not allow strings as const parameters. The types that use this encoding decide
/// which strings they allow.
pub(crate) struct Packed<const A: u128, const B: u128, const C: u128, const D: u128>;

impl<const A: u128, const B: u128, const C: u128, const D: u128> Packed<A, B, C, D> {
    const BYTES: [u8; 64] = unpack([A, B, C, D]);

    /// The text before the padding. It is empty if the bytes are not UTF-8.
    pub(crate) const TEXT: &'static str = text_in(&Self::BYTES);
}

const fn unpack(words: [u128; 4]) -> [u8; 64] {
    let mut bytes = [0; 64];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = words[at / 16].to_be_bytes()[at % 16];
        at += 1;
    }
    bytes
}

const fn text_in(bytes: &[u8; 64]) -> &str {
    let mut len = 0;
    while len < bytes.len() && bytes[len] != 0 {
        len += 1;
    }
    match str::from_utf8(bytes.split_at(len).0) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Sixteen bytes as a number, in the encoding that the macros write.
#[cfg(test)]
pub(crate) const fn word(text: &[u8; 16]) -> u128 {
    u128::from_be_bytes(*text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: u128 = word(b"0123456789abcdef");

    #[test]
    fn the_text_ends_at_the_padding() {
        assert_eq!(
            Packed::<WORD, { word(b"ghi\0\0\0\0\0\0\0\0\0\0\0\0\0") }, 0, 0>::TEXT,
            "0123456789abcdefghi"
        );
    }

    #[test]
    fn a_text_may_use_all_64_bytes() {
        assert_eq!(Packed::<WORD, WORD, WORD, WORD>::TEXT, "0123456789abcdef".repeat(4));
    }

    #[test]
    fn bytes_that_are_not_utf_8_give_an_empty_text() {
        assert_eq!(Packed::<{ u128::MAX }, 0, 0, 0>::TEXT, "");
        assert_eq!(Packed::<0, WORD, 0, 0>::TEXT, "");
    }
}
