//! A string that needs no allocation while it is short.

use std::fmt;

/// The number of bytes that are stored inline. With length and tag the type takes 48 bytes. A
/// thumbprint, the usual `kid`, has 43 bytes.
const INLINE: usize = 46;

/// A string that needs no allocation up to 46 bytes, which fits the `kid` and `typ` of nearly all
/// tokens.
#[derive(Clone)]
pub(crate) enum ShortText {
    Inline { len: u8, bytes: [u8; INLINE] },
    Long(Box<str>),
}

impl ShortText {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Inline { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).expect("copied from a whole str")
            }
            Self::Long(text) => text,
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> Self {
        match u8::try_from(text.len()) {
            Ok(len) if usize::from(len) <= INLINE => {
                let mut bytes = [0; INLINE];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Self::Inline { len, bytes }
            }
            _ => Self::Long(text.into()),
        }
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_are_kept_unchanged() {
        for length in 0..300 {
            let text = "é".repeat(length);
            assert_eq!(ShortText::from(text.as_str()).as_str(), text);
        }
    }
}
