//! The name of an issuer.

use std::fmt;
use std::str::FromStr;

use scopegate_claims::Issuer;

use crate::JoseError;

/// The maximum length of an issuer's name, in bytes.
pub(crate) const MAX_ISSUER_NAME_LEN: usize = 2048;

/// The name of an issuer, which is the `iss` of its tokens (RFC 7519 §4.1.1).
///
/// It is any string of 1 to 2,048 bytes and is compared to the letter. It need not be an https URL:
/// AD FS, for example, has an http URL as its name. An [`Issuer`] is a name that is a URL, from
/// which the keys can be discovered.
///
/// ```
/// use scopegate_jose::IssuerName;
///
/// let name = IssuerName::parse("http://sts.example.com/adfs/services/trust")?;
/// assert_eq!(name.as_str(), "http://sts.example.com/adfs/services/trust");
/// assert!(IssuerName::parse("").is_err());
/// # Ok::<(), scopegate_jose::JoseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IssuerName(Box<str>);

impl IssuerName {
    /// Makes a name from a text.
    ///
    /// # Errors
    ///
    /// [`JoseError::InvalidIssuerName`] if the text is empty or longer than 2,048 bytes.
    pub fn parse(text: &str) -> Result<Self, JoseError> {
        match text.len() {
            1..=MAX_ISSUER_NAME_LEN => Ok(Self(text.into())),
            _ => Err(JoseError::InvalidIssuerName),
        }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Issuer> for IssuerName {
    fn from(issuer: Issuer) -> Self {
        Self(issuer.as_str().into())
    }
}

impl FromStr for IssuerName {
    type Err = JoseError;

    fn from_str(text: &str) -> Result<Self, JoseError> {
        Self::parse(text)
    }
}

impl fmt::Display for IssuerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_any_string_of_1_to_2048_bytes() {
        let longest = "x".repeat(2048);
        for name in ["x", "accounts.example.com", "urn:example:issuer", " ", "é", &longest] {
            assert_eq!(name.parse::<IssuerName>().unwrap().as_str(), name);
        }
        for name in ["", &"x".repeat(2049), &"é".repeat(1025)] {
            assert_eq!(IssuerName::parse(name), Err(JoseError::InvalidIssuerName));
        }
        let issuer = Issuer::parse("https://id.example.com").unwrap();
        assert_eq!(IssuerName::from(issuer).to_string(), "https://id.example.com");
    }
}
