//! The name of a key in a token. It is what the store has of the private key.

use std::fmt;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The name of a private key, written as a PKCS#11 URI (RFC 7512):
/// `pkcs11:token=scopegate;object=KID;type=private`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct KeyName {
    /// The label of the token.
    pub(super) token: Arc<str>,
    /// The label of the key, which is its `kid`.
    pub(super) kid: Arc<str>,
}

impl KeyName {
    /// Reads what was stored. `None` if it is something else, such as a private key.
    pub(super) fn parse(stored: &[u8]) -> Option<Self> {
        let rest = std::str::from_utf8(stored).ok()?.strip_prefix("pkcs11:token=")?;
        let (token, rest) = rest.split_once(";object=")?;
        let kid = rest.strip_suffix(";type=private")?;
        let text = |part: &str| percent_decode_str(part).decode_utf8().ok().map(Into::into);
        Some(Self { token: text(token)?, kid: text(kid)? })
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let (token, kid) = (written(&self.token), written(&self.kid));
        write!(f, "pkcs11:token={token};object={kid};type=private")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_a_private_key_is_no_name() {
        for (token, kid) in [("scopegate", "kid_1-x"), ("a;object=b", "é;type=private"), ("", "")]
        {
            let name = KeyName { token: token.into(), kid: kid.into() };
            assert_eq!(KeyName::parse(name.to_string().as_bytes()), Some(name));
        }
        for other in ["", "pkcs11:", "pkcs11:token=t;object=k", "0\u{82}\u{1}", "name:k"] {
            assert_eq!(KeyName::parse(other.as_bytes()), None, "{other}");
        }
        assert_eq!(KeyName::parse(b"pkcs11:token=\xff;object=k;type=private"), None);
    }
}
